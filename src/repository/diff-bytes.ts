import { isUtf8 } from 'node:buffer';
import { mapHunkLines, splitLines } from './diff-hunks.js';

/**
 * Diffs of files that are not UTF-8. A byte that is no part of a UTF-8 letter travels as a lone surrogate U+DC80 to
 * U+DCFF, as in Python's `surrogateescape` (PEP 383).
 */

/** The bytes of a text; lone surrogates become the bytes that they encode. */
export function diffBytes(text: string): Buffer {
  if (!ESCAPED.test(text)) return Buffer.from(text);
  const pieces = text.split(/([\uDC80-\uDCFF]+)/u);
  return Buffer.concat(
    pieces.map((piece, at) =>
      at % 2 === 0
        ? Buffer.from(piece)
        : Buffer.from([...piece].map((letter) => (letter.codePointAt(0) ?? 0) - 0xdc00)),
    ),
  );
}

const ESCAPED = /[\uDC80-\uDCFF]/u;
const REPLACED = /\uFFFD+/g;

/** UTF-8 letters as RFC 3629 has them, over bytes as letters; anything else is a single byte. */
const LETTERS =
  /[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xED[\x80-\x9F][\x80-\xBF]|\xF0[\x90-\xBF][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2}|[\x80-\xFF]/g;

/**
 * The text of one file's diff in the encoding of the file on disk.
 *
 * @returns the texts that may be meant: read as Latin-1, or with letters that were replaced by U+FFFD; none for a file
 *   in UTF-8
 */
export function inEncodingOf(text: string, file: Buffer): string[] {
  if (isUtf8(file)) return [];
  const latin = [...text].every((letter) => (letter.codePointAt(0) ?? 0) <= 0xff)
    ? mapHunkLines(text, { hunk: (line) => line.replace(/[\x80-\xff]/g, loneByte) })
    : undefined;
  const restored = restoreReplaced(text, escapedText(file));
  return [latin, restored].filter((one) => one !== undefined && one !== text) as string[];
}

/** True when letters were lost that nothing can tell again. */
export function hasLostLetters(text: string): boolean {
  return text.includes('\uFFFD');
}

function escapedText(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(LETTERS, (letter) =>
      letter.length === 1 ? loneByte(letter) : Buffer.from(letter, 'latin1').toString(),
    );
}

function loneByte(letter: string): string {
  return String.fromCharCode(0xdc00 + letter.charCodeAt(0));
}

/** Lines that are in the file are taken from there; an added line gets its letters from the removed one like it. */
function restoreReplaced(text: string, file: string): string | undefined {
  if (!hasLostLetters(text)) return undefined;
  const known = new Map(splitLines(file).map((line) => [keyOf(line), bare(line)]));
  const removed: string[] = [];
  const restored = mapHunkLines(text, {
    hunk: (line) => {
      if (!hasLostLetters(line)) return line;
      const end = /\r?\n?$/.exec(line)?.[0] ?? '';
      const original = known.get(keyOf(line.slice(1)));
      if (line.startsWith('-') && original !== undefined) removed.push(original);
      if (original !== undefined) return line.charAt(0) + original + end;
      return line.startsWith('+') ? lettersFrom(line, removed) : line;
    },
  });
  return hasLostLetters(restored) ? undefined : restored;
}

function lettersFrom(line: string, removed: string[]): string {
  const gaps = line.match(REPLACED)?.length ?? 0;
  const at = removed.findIndex((one) => (one.match(/[\uDC80-\uDCFF]+/g)?.length ?? 0) === gaps);
  if (at === -1) return line;
  const letters = removed.splice(at, 1)[0]?.match(/[\uDC80-\uDCFF]+/g) ?? [];
  return line.replace(REPLACED, () => letters.shift() ?? '\uFFFD');
}

function keyOf(line: string): string {
  return bare(line)
    .replace(/[\uDC80-\uDCFF]+/g, '\uFFFD')
    .replace(REPLACED, '\uFFFD');
}

function bare(line: string): string {
  return line.replace(/\r?\n$/, '');
}
