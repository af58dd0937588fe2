/** Makes a script report to ClearML although its author did not write it so. */
export const TASK_INIT_LINES = 'from clearml import Task\n(__name__ == "__main__") and Task.init()\n';

const IMPORT_LINE = /^from (?:clearml|trains) import Task\s*$/;
const INIT_LINE = /^(?:\(__name__ ?[=!]= ?["']__main__["']\) (?:and|or) )?Task\.init\(.*\)\s*$/;

/**
 * Puts the two lines into the text of a Python script, as early as Python allows: after the imports from
 * `__future__`, the encoding line and the documentation string. Other files, and scripts that have them, stay.
 */
export function addTaskInit(text: string, fileName: string): string {
  if (!/\.py$/i.test(fileName) || hasTaskInit(text)) return text;
  return insertEarly(text, TASK_INIT_LINES);
}

/** Puts lines where the first statement of a Python script may stand. */
export function insertEarly(text: string, added: string): string {
  const inserted = withoutMark(text, (bare) => {
    const lines = splitLines(bare);
    const header = readHeader(lines);
    return insert(lines, header.futureEnd ?? header.statementEnd, added);
  });
  return inserted ?? text;
}

/**
 * Lines that start the tracking, put above imports from `__future__` by a diff, are moved below them; so are those above
 * an encoding line or a byte order mark, which Python only knows at the beginning.
 */
export function moveFutureImports(text: string): string {
  const lines = splitLines(text);
  const count = injectedLines(lines);
  if (count === 0) return text;
  const moved = withoutMark(lines.slice(count).join(''), (bare) => {
    const rest = splitLines(bare);
    const { futureEnd, encodingEnd } = readHeader(rest);
    const at = futureEnd ?? encodingEnd;
    return at === undefined ? undefined : insert(rest, at, lines.slice(0, count).join(''));
  });
  return moved ?? text;
}

/** A byte order mark stays the first of the file; it may have been read as Latin-1. */
function withoutMark(text: string, change: (bare: string) => string | undefined): string | undefined {
  const mark = /^(?:\ufeff|\xef\xbb\xbf)?/.exec(text)?.[0] ?? '';
  const changed = change(text.slice(mark.length));
  return changed === undefined ? undefined : mark + changed;
}

function hasTaskInit(text: string): boolean {
  return (
    /^\s*(?:from (?:clearml|trains) import\b.*\bTask\b|import (?:clearml|trains)\b)/m.test(text) &&
    /\bTask\.init\(/.test(text)
  );
}

/** Also those that `clearml-task` 2.1.12 writes (`CreateAndPopulate`). */
const TASK_LINES = [
  /^try: from allegroai import Task\s*$/,
  /^except ImportError: from clearml import Task\s*$/,
  INIT_LINE,
];

function injectedLines(lines: readonly string[]): number {
  if (TASK_LINES.every((form, at) => form.test(lines[at] ?? ''))) return TASK_LINES.length;
  if (!IMPORT_LINE.test(lines[0] ?? '')) return 0;
  return INIT_LINE.test(lines[1] ?? '') ? 2 : 1;
}

interface Header {
  /** Index of the line after the last import from `__future__`. */
  futureEnd: number | undefined;
  /** Index of the line after the one that names the encoding. */
  encodingEnd: number | undefined;
  /** Index of the line before which any statement may stand. */
  statementEnd: number;
}

/** Comments, blank lines, documentation string and imports from `__future__`: all that may precede the code. */
function readHeader(lines: readonly string[]): Header {
  let futureEnd: number | undefined;
  let encodingEnd: number | undefined;
  let statementEnd = 0;
  let documented = false;
  for (let at = 0; at < lines.length; ) {
    const line = (lines[at] ?? '').trimEnd();
    const string = documented ? undefined : documentationEnd(lines, at);
    if (string !== undefined) {
      documented = true;
      at = string;
      statementEnd = at;
    } else if (/^from\s+__future__\s+import\b/.test(line)) {
      at = statementEndAt(lines, at);
      futureEnd = at;
      documented = true;
    } else if (/^\s*(?:#.*)?$/.test(line)) {
      at += 1;
      const isEncoding = at <= 2 && /^[ \t\f]*#.*coding[:=]/.test(line);
      if (isEncoding) encodingEnd = at;
      if (isEncoding || (at <= 2 && line.startsWith('#!'))) statementEnd = at;
    } else break;
  }
  return { futureEnd, encodingEnd, statementEnd };
}

/** The line after a string that stands alone at the beginning of a script. */
function documentationEnd(lines: readonly string[], at: number): number | undefined {
  const start = /^[rRuU]?("""|'''|"|')/.exec(lines[at] ?? '');
  const quote = start?.[1];
  if (start === null || quote === undefined) return undefined;
  const first = (lines[at] ?? '').slice(start[0].length);
  if (quote.length === 1)
    return new RegExp(`^(?:[^\\\\${quote}]|\\\\.)*${quote}\\s*(?:#.*)?$`).test(first) ? at + 1 : undefined;
  if (first.includes(quote)) return at + 1;
  const end = lines.findIndex((line, index) => index > at && line.includes(quote));
  return end === -1 ? undefined : end + 1;
}

/** A statement continues in brackets and after a backslash. */
function statementEndAt(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    const code = (lines[at] ?? '').replace(/#.*$/m, '');
    depth += (code.match(/\(/g)?.length ?? 0) - (code.match(/\)/g)?.length ?? 0);
    if (depth <= 0 && !/\\\r?\n?$/.test(code)) return at + 1;
  }
  return lines.length;
}

function insert(lines: readonly string[], at: number, text: string): string {
  const before = lines.slice(0, at).join('');
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  return before + gap + text + lines.slice(at).join('');
}

function splitLines(text: string): string[] {
  return text.split(/(?<=\n)/);
}
