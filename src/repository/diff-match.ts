import { isUtf8 } from 'node:buffer';
import { isHunkLine, splitLines } from './diff-hunks.js';

/**
 * The text of one file's diff with the blanks that the lines of the file have at their ends. An editor or a form may
 * have cut them off; `git apply --ignore-whitespace` does not get over lines of blanks alone.
 *
 * @returns `undefined` when nothing differs or a hunk fits nowhere
 */
export function withBlanksOf(text: string, file: Buffer): string | undefined {
  if (!isUtf8(file)) return undefined;
  const lines = splitLines(file.toString());
  const [head = '', ...hunks] = text.split(/^(?=@@ -\d)/m);
  const matched = hunks.map((hunk) => matchHunk(hunk, lines));
  if (matched.includes(undefined)) return undefined;
  const whole = head + matched.join('');
  return whole === text ? undefined : whole;
}

function matchHunk(hunk: string, file: readonly string[]): string | undefined {
  const [header = '', ...body] = splitLines(hunk);
  const isOld = (line: string): boolean => isHunkLine(line) && line !== '' && !/^[+\\]/.test(line);
  const before = body.filter(isOld).map(withoutMark);
  const at = nearest(before, file, Number(/^@@ -(\d+)/.exec(header)?.[1] ?? 1) - 1);
  if (at === undefined) return undefined;
  let next = at;
  const lines = body.map((line) =>
    isOld(line) ? (line.startsWith('-') ? '-' : ' ') + (file[next++] ?? '') : line,
  );
  return header + lines.join('');
}

/** The place nearest to the announced one at which the file has the lines, whatever blanks they end with. */
function nearest(wanted: readonly string[], file: readonly string[], announced: number): number | undefined {
  const ends = file.map((line) => line.trimEnd());
  const places = ends
    .map((_, at) => at)
    .filter((at) => wanted.every((line, offset) => ends[at + offset] === line.trimEnd()));
  return places.sort((one, other) => Math.abs(one - announced) - Math.abs(other - announced))[0];
}

function withoutMark(line: string): string {
  return /^[ -]/.test(line) ? line.slice(1) : line;
}
