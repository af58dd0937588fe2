import type { Cursor } from './cursor.js';
import { type ScalarNode, scalar } from './nodes.js';

/** A quoted text on one line; a backslash may precede anything but a line end. */
const QUOTED = /"((?:[^"\\\n]|\\[^\n])*)"/y;
/** Ends with the last of three or more quotes: further quotes belong to the text. */
const MULTILINE = /"""([\s\S]*?"*)"""(?!")/y;
/** An unquoted word. What is left out needs quotes, or has a meaning of its own. */
const WORD = /(?:[^\s"{}[\],#$^`+?!@*&=\\]|\\[^\n])+/y;
const NUMBER = /^[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?$/;
/** A number with a plus sign, which a word cannot hold otherwise. */
const NUMBER_WITH_PLUS =
  /(?:\+(?=[\d.])|(?=[-\d.]+[eE]\+))-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?(?=[\s,}\]#]|$)/y;
const DIGITS = /^[-+]?\d+$/;
/** A number with a comment glued to it. */
const NUMBER_COMMENT = /^(-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE]\d+)?)\/\//;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const PLAIN_ESCAPES: ReadonlySet<string> = new Set(['"', '\\', '/', '=', '#', '!']);
const LITERALS: ReadonlyMap<string, ScalarNode['value']> = new Map<string, ScalarNode['value']>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** A text in quotes or in triple quotes, at a quote. */
export function readQuoted(cursor: Cursor): string {
  if (cursor.sees('"""')) {
    const found = cursor.match(MULTILINE);
    return found?.[1] ?? cursor.fail('the closing """ of this text');
  }
  const found = cursor.match(QUOTED);
  return found === undefined ? cursor.fail('the closing " of this text on its line') : decode(found[1] ?? '');
}

/** A word without quotes; `undefined` when none is here. */
export function readWord(cursor: Cursor): ScalarNode | undefined {
  const start = cursor.at;
  const number = cursor.match(NUMBER_WITH_PLUS);
  const word = number?.[0] ?? cursor.match(WORD)?.[0];
  if (word === undefined) return undefined;
  const glued = NUMBER_COMMENT.exec(word);
  if (glued === null) return literal(word);
  cursor.at = start + (glued[1] ?? '').length;
  return literal(glued[1] ?? '');
}

/** `true`, `null`, a number or the text itself. */
function literal(word: string): ScalarNode {
  if (NUMBER.test(word)) return number(word);
  const value = LITERALS.get(word.toLowerCase());
  if (value !== undefined) return scalar(value, word);
  return scalar(word.includes('\\') ? decode(word) : word);
}

/** Digits that a number cannot hold exactly, an account number for one, stay a text. */
function number(word: string): ScalarNode {
  const value = Number(word);
  const exact = Number.isFinite(value) && (Number.isSafeInteger(value) || !DIGITS.test(word));
  return scalar(exact ? value + 0 : word, word);
}

/** A backslash before a letter that is no escape stays, so that `"c:\dir"` means what it shows. */
function decode(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (written, hex?: string, char?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (char === undefined) return written;
    return ESCAPES[char] ?? (PLAIN_ESCAPES.has(char) ? char : written);
  });
}
