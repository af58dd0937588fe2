import fs from 'node:fs';
import { AgentError, causeLine } from '../errors.js';
import type { Command, Flag } from './command.js';

/**
 * Turns words that the original's parser accepts into ones that ours reads: `@file` tokens, unique prefixes of
 * long flags, a repeated flag of which the last one counts, and flags whose words may begin with a dash
 * (packed as one JSON text).
 */
export function prepareWords(words: readonly string[], commands: readonly Command[]): string[] {
  const { before, command, after } = splitAtCommand(words, commands);
  if (command === undefined) return before;
  const own = splitFlags(after, command);
  checkValues(own, command);
  return [...before, command.name, ...keepLast(own).flatMap(render)];
}

export interface SplitWords {
  /** Global flags; everything where no command is named. */
  before: string[];
  command: Command | undefined;
  after: string[];
}

/** The words before and after the command's name, with files of words read in. */
export function splitAtCommand(words: readonly string[], commands: readonly Command[]): SplitWords {
  const expanded = words.flatMap(expandFile);
  const isName = (word: string, at: number) =>
    commands.some(({ name }) => name === word) && expanded[at - 1] !== '--config-file';
  const at = expanded.findIndex(isName);
  if (at < 0) return { before: expanded, command: undefined, after: [] };
  return {
    before: expanded.slice(0, at),
    command: commands.find(({ name }) => name === expanded[at]),
    after: expanded.slice(at + 1),
  };
}

/** One flag with the words that belong to it, or a run of words without a flag. */
interface Piece {
  flag: Flag | undefined;
  /** The flag as commander knows it (`--queue`, `-d`), or undefined. */
  name: string | undefined;
  words: string[];
  inline: boolean;
}

function expandFile(word: string): string[] {
  if (!/^@./.test(word)) return [word];
  const file = word.slice(1);
  try {
    return fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    throw new AgentError('USAGE', `cannot read the arguments file ${file}: ${causeLine(error)}`, {
      cause: error,
    });
  }
}

function splitFlags(words: readonly string[], command: Command): Piece[] {
  const pieces: Piece[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--')
      return [...pieces, { flag: undefined, name: undefined, words: words.slice(index), inline: false }];
    const found = matchFlag(word, command);
    const last = pieces.at(-1);
    if (found === undefined) {
      // A word that begins with a dash belongs to the flag before it only where that flag is greedy.
      if (last && (last.flag?.greedy || (!word.startsWith('-') && !last.inline))) last.words.push(word);
      else pieces.push({ flag: undefined, name: undefined, words: [word], inline: false });
    } else {
      pieces.push(found);
    }
  }
  return pieces;
}

/**
 * Refuses what commander lets pass: a flag in the place of another one's value, empty values, and control characters,
 * which no name has. A value may be a secret, so none is shown.
 */
function checkValues(pieces: readonly Piece[], command: Command): void {
  for (const [at, { flag, words }] of pieces.entries()) {
    if (flag === undefined) continue;
    const isCut = words.length === 0 && (pieces[at + 1]?.flag !== undefined || at + 1 === pieces.length);
    if (isCut && flag.flags.includes('<'))
      throw new AgentError('USAGE', `${command.name}: option '${flag.flags}' argument missing`, {
        hint: `See "agent ${command.name} --help".`,
      });
    if (flag.parse !== undefined || !/[<[]/.test(flag.flags)) continue;
    // Of a greedy flag the first word is a name, and the others are for another program.
    const values = flag.flags.includes('...') && !flag.greedy ? words : words.slice(0, 1);
    for (const value of values) checkValue(value, `${command.name}: ${names(flag).at(-1)}`, flag);
  }
}

export const UNSET_VARIABLE = 'Perhaps a variable of the shell is not set.';

const DEFAULT_HINT = 'Perhaps a variable of the shell is not set; leave the flag out to use the default.';

/** @throws AgentError USAGE */
export function checkValue(
  value: string,
  flag: string,
  { mayBeEmpty = false, hint = DEFAULT_HINT }: { mayBeEmpty?: boolean | undefined; hint?: string } = {},
): string {
  if (value.trim() === '' && !mayBeEmpty) {
    throw new AgentError('USAGE', `${flag} needs a value, got an empty text`, {
      hint,
    });
  }
  const control = /[^\P{Cc}\t]/u.exec(value.trim())?.[0];
  if (control !== undefined) {
    const code = (control.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
    throw new AgentError('USAGE', `${flag} has a control character in its value (U+${code.toUpperCase()})`);
  }
  return value;
}

function matchFlag(word: string, command: Command): Piece | undefined {
  const [name = '', ...rest] = word.split('=');
  const value = rest.length > 0 ? [rest.join('=')] : [];
  const flag = name.startsWith('--')
    ? longFlag(name, command)
    : command.flags.find((one) => names(one).includes(name));
  if (flag === undefined) return undefined;
  return { flag, name: names(flag).at(-1), words: value, inline: value.length > 0 };
}

/**
 * An exact name wins over a prefix, and `--queue` over `--queue-limit` for a prefix of both, as before there was a
 * `--queue-limit`; another ambiguous prefix is refused.
 */
function longFlag(name: string, command: Command): Flag | undefined {
  const exact = command.flags.find((flag) => names(flag).includes(name));
  if (exact || name.length < 4) return exact;
  const found = command.flags.filter((flag) => names(flag).some((one) => one.startsWith(name)));
  const longNames = found.map((flag) => names(flag).at(-1) ?? '');
  const stem = longNames.findIndex((one) => longNames.every((other) => other.startsWith(one)));
  if (found.length > 1 && stem < 0)
    throw new AgentError(
      'USAGE',
      `${command.name}: "${name}" could be any of ${longNames.join(', ')}; write it out`,
    );
  return found[stem];
}

/** The long name is the last one. */
function names({ flags, aliases = [] }: Flag): string[] {
  return [...aliases, ...flags.split(/[ ,]+/).filter((word) => word.startsWith('-'))];
}

function keepLast(pieces: readonly Piece[]): Piece[] {
  const repeatable = (piece: Piece) => piece.flag === undefined || !/[<[]/.test(piece.flag.flags);
  return pieces.filter(
    (piece, index) =>
      repeatable(piece) || !pieces.slice(index + 1).some((later) => later.flag === piece.flag),
  );
}

function render(piece: Piece): string[] {
  if (piece.name === undefined) return piece.words;
  if (piece.flag?.greedy) return [`${piece.name}=${JSON.stringify(piece.words)}`];
  return piece.inline
    ? [`${piece.name}=${piece.words[0] ?? ''}`, ...piece.words.slice(1)]
    : [piece.name, ...piece.words];
}
