/** Counts down the lines of a hunk, whose own text may look like the start of a file. */
export class HunkCounter {
  #old: number;
  #new: number;
  #last = false;

  constructor(old = 0, fresh = 0) {
    this.#old = old;
    this.#new = fresh;
  }

  static from(line: string): HunkCounter | undefined {
    const counts = countsOf(line);
    return counts && new HunkCounter(counts.old, counts.new);
  }

  /** True when the lines that the hunk announces have come. */
  get done(): boolean {
    return this.#old <= 0 && this.#new <= 0;
  }

  takes(line: string): boolean {
    if (line.startsWith('\\')) return this.#last;
    if (this.done || !isHunkLine(line)) {
      // A hunk that announces more than it has ends where its lines end.
      this.#old = 0;
      this.#new = 0;
      this.#last = false;
      return false;
    }
    this.#last = true;
    const mark = markOf(line);
    if (mark !== '+') this.#old -= 1;
    if (mark !== '-') this.#new -= 1;
    return true;
  }
}

/** The lines of hunks with the line ends that the file on disk has; headers stay as they are. */
export function withLineEnds(text: string, end: '\n' | '\r\n'): string {
  return mapHunkLines(text, {
    hunk: (line) => (line.startsWith('\\') ? line : line.replace(/\r?\n$/, end)),
    head: (line) => line.replace(/\r\n$/, '\n'),
  });
}

/** Changes the lines of hunks and those around them, each with its line end. */
export function mapHunkLines(
  text: string,
  change: { hunk: (line: string) => string; head?: (line: string) => string },
): string {
  let hunk = new HunkCounter();
  const lines = splitLines(text).map((line) => {
    if (hunk.takes(line)) return change.hunk(line);
    hunk = HunkCounter.from(line) ?? hunk;
    return change.head === undefined ? line : change.head(line);
  });
  return lines.join('');
}

/** The first line of the hunk that holds an old line number. */
export function hunkAt(hunks: readonly string[], line: number): string | undefined {
  return hunks.find((hunk) => {
    const match = /^@@ -(\d+)(?:,(\d+))?/.exec(hunk);
    const first = Number(match?.[1]);
    return line >= first && line < first + Math.max(1, Number(match?.[2] ?? 1));
  });
}

/** Ways of making the line counts of hunks agree with their lines. */
export interface MendedHunks {
  /** Blank lines, which an editor or a form cut off, put back at the end; `undefined` when that does not explain it. */
  restored: string | undefined;
  /** The counts of the lines that are there. */
  recounted: string;
}

/** @returns `undefined` when all counts of the part of one file are right */
export function mendHunks(text: string): MendedHunks | undefined {
  const [head = '', ...hunks] = text.split(/^(?=@@ -\d)/m);
  const mended = hunks.map(mendHunk);
  if (mended.every((one) => one === undefined)) return undefined;
  const join = (way: keyof MendedHunks): string =>
    head + mended.map((one, at) => one?.[way] ?? one?.recounted ?? hunks[at] ?? '').join('');
  const restores = mended.some((one) => one?.restored !== undefined);
  return { restored: restores ? join('restored') : undefined, recounted: join('recounted') };
}

function mendHunk(text: string): MendedHunks | undefined {
  const [header = '', ...body] = splitLines(text);
  const announced = countsOf(header);
  if (announced === undefined) return undefined;
  const counter = new HunkCounter(announced.old, announced.new);
  const taken = body.findIndex((line) => !counter.takes(line));
  const next = taken === -1 ? undefined : body[taken];
  if (taken === -1 ? counter.done : isComplete(body.slice(0, taken), announced) && !goesOn(next)) {
    return undefined;
  }
  const lines = ownLines(body);
  const counted = count(lines);
  const lost = announced.old - counted.old;
  const isCut = lost > 0 && lost === announced.new - counted.new;
  return {
    restored: isCut ? [header, ...lines, ...Array<string>(lost).fill(' \n')].join('') : undefined,
    recounted: [withCounts(header, counted), ...lines].join(''),
  };
}

interface Counts {
  old: number;
  new: number;
}

function countsOf(line: string): Counts | undefined {
  const match = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
  return match === null ? undefined : { old: Number(match[1] ?? 1), new: Number(match[2] ?? 1) };
}

function withCounts(header: string, counts: Counts): string {
  return header.replace(
    /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/,
    `@@ -$1,${counts.old} +$2,${counts.new} @@`,
  );
}

function isComplete(lines: readonly string[], announced: Counts): boolean {
  const counted = count(lines);
  return counted.old === announced.old && counted.new === announced.new;
}

function count(lines: readonly string[]): Counts {
  const marks = lines.map(markOf);
  return {
    old: marks.filter((mark) => mark === ' ' || mark === '-').length,
    new: marks.filter((mark) => mark === ' ' || mark === '+').length,
  };
}

/** A line after the announced ones that still belongs to the hunk; a mail ends with `-- ` and a version. */
function goesOn(line = ''): boolean {
  return /^[ +-]/.test(line) && !/^(?:-- ?\r?\n?$|--- |\+\+\+ )/.test(line);
}

/** The lines that belong to a hunk by their marks, without blank ones at the end that have none. */
function ownLines(body: readonly string[]): string[] {
  const end = body.findIndex((line) => !isHunkLine(line) || /^-- \r?\n?$/.test(line));
  const lines = body.slice(0, end === -1 ? body.length : end);
  while (/^\r?\n?$/.test(lines.at(-1) ?? 'x')) lines.pop();
  return lines;
}

/** By its first letter; an empty line is a context line whose blank was cut off. */
export function isHunkLine(line: string): boolean {
  return /^[ +\-\\\r\n]/.test(line) || line === '';
}

/** An editor may have cut the blank of an empty context line. */
function markOf(line: string): string {
  return line.charAt(0).replace(/^[\r\n]?$/, ' ');
}

export function splitLines(text: string): string[] {
  return text.split(/(?<=\n)/);
}
