/** The part of a diff that is about one file. */
export interface FileDiff {
  /** Path of the file after the change, or before it when it is deleted; as git prints it, unquoted. */
  path: string;
  /** The lines of the part, each with its line end. */
  text: string;
  /** First lines of its hunks: `@@ -1,2 +1,3 @@ …`. */
  hunks: string[];
  change: 'new' | 'deleted' | 'renamed' | 'changed';
  /** `content` holds the bytes; `none` only says that they differ. */
  binary: 'no' | 'content' | 'none';
}

/**
 * Cuts a diff into files. Text before the first file, between files (such as that of `--submodule=diff`) and after
 * the last one belongs to no file for git either.
 */
export function splitDiff(diff: string): FileDiff[] {
  const parts: string[][] = [];
  let hunk = new HunkCounter();
  for (const line of diff.split(/(?<=\n)/)) {
    const inHunk = hunk.takes(line);
    if (!inHunk && isFileStart(line, parts.at(-1))) {
      parts.push([line]);
      hunk = new HunkCounter();
    } else if (parts.length > 0) {
      parts.at(-1)?.push(line);
      if (!inHunk) hunk = HunkCounter.from(line) ?? hunk;
    }
  }
  return parts.map(readPart);
}

/** git puts a line end after the last line; a text field of a web form may have lost it. */
export function withLineEnd(diff: string): string {
  return diff === '' || diff.endsWith('\n') ? diff : `${diff}\n`;
}

/** The lines of hunks with the line ends that the file on disk has; headers stay as they are. */
export function withLineEnds(text: string, end: '\n' | '\r\n'): string {
  let hunk = new HunkCounter();
  const lines = text.split(/(?<=\n)/).map((line) => {
    if (hunk.takes(line)) return line.startsWith('\\') ? line : line.replace(/\r?\n$/, end);
    hunk = HunkCounter.from(line) ?? hunk;
    return line.replace(/\r\n$/, '\n');
  });
  return lines.join('');
}

/** Only adds lines to a file without any: what a diff says of a file that is not under version control. */
export function asNewFile(file: FileDiff): FileDiff | undefined {
  if (
    file.change !== 'changed' ||
    !file.hunks.every((line) => /^@@ -0,0 /.test(line)) ||
    file.hunks.length === 0
  )
    return undefined;
  const body = file.text.slice(file.text.search(/^@@ /m));
  const name = quotePath(file.path);
  const head = `diff --git ${side('a', name)} ${side('b', name)}\nnew file mode 100644\n--- /dev/null\n+++ ${side('b', name)}\n`;
  return { ...file, change: 'new', text: head + body };
}

/** The first line of the hunk that holds an old line number. */
export function hunkAt(file: FileDiff, line: number): string | undefined {
  return file.hunks.find((hunk) => {
    const match = /^@@ -(\d+)(?:,(\d+))?/.exec(hunk);
    const first = Number(match?.[1]);
    return line >= first && line < first + Math.max(1, Number(match?.[2] ?? 1));
  });
}

/** Counts down the lines of a hunk, whose own text may look like the start of a file. */
class HunkCounter {
  #old: number;
  #new: number;
  #last = false;

  constructor(old = 0, fresh = 0) {
    this.#old = old;
    this.#new = fresh;
  }

  static from(line: string): HunkCounter | undefined {
    const match = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    return match === null ? undefined : new HunkCounter(Number(match[1] ?? 1), Number(match[2] ?? 1));
  }

  takes(line: string): boolean {
    if (line.startsWith('\\')) return this.#last;
    if (this.#old <= 0 && this.#new <= 0) {
      this.#last = false;
      return false;
    }
    this.#last = true;
    // An editor may have cut the blank of an empty context line.
    const mark = line.charAt(0).replace(/[\r\n]/, ' ');
    if (mark !== '+') this.#old -= 1;
    if (mark !== '-') this.#new -= 1;
    return true;
  }
}

function isFileStart(line: string, current: readonly string[] | undefined): boolean {
  if (line.startsWith('diff --git ')) return true;
  // Without git's own header a part begins at its first name.
  if (!line.startsWith('--- ')) return false;
  return (
    current === undefined ||
    current.some((one) => one.startsWith('--- ') || one.startsWith('GIT binary patch'))
  );
}

function readPart(lines: string[]): FileDiff {
  const text = lines.join('');
  const head = text.slice(0, firstBody(text));
  const change = changeOf(head);
  return {
    path: pathOf(head, change),
    text,
    hunks: lines.filter((line) => HunkCounter.from(line) !== undefined).map((line) => line.trimEnd()),
    change,
    binary: /^GIT binary patch/m.test(text)
      ? 'content'
      : /^Binary files .* differ\r?$/m.test(head)
        ? 'none'
        : 'no',
  };
}

function firstBody(text: string): number {
  const at = text.search(/^@@ -|^GIT binary patch/m);
  return at === -1 ? text.length : at;
}

function changeOf(head: string): FileDiff['change'] {
  if (/^new file mode |^--- \/dev\/null/m.test(head)) return 'new';
  if (/^deleted file mode |^\+\+\+ \/dev\/null/m.test(head)) return 'deleted';
  return /^(?:rename|copy) to /m.test(head) ? 'renamed' : 'changed';
}

function pathOf(head: string, change: FileDiff['change']): string {
  const renamed = /^(?:rename|copy) to (.+?)\r?$/m.exec(head)?.[1];
  if (renamed !== undefined) return unquotePath(renamed);
  const mark = change === 'deleted' ? '---' : '\\+\\+\\+';
  const named = new RegExp(`^${mark} (.+?)(?:\\t.*)?\\r?$`, 'm').exec(head)?.[1];
  if (named !== undefined) return unquotePath(named).replace(/^[abciwo]\//, '');
  const both = /^diff --git (.+?)\r?$/m.exec(head)?.[1] ?? '';
  return secondName(both);
}

/** `a/x b/x` names one file twice, so the middle is where it repeats. */
function secondName(both: string): string {
  const quoted = /"(?:[^"\\]|\\.)*"$/.exec(both)?.[0];
  const second = quoted ?? both.slice((both.length + 1) / 2);
  return unquotePath(second).replace(/^[abciwo]\//, '');
}

/** git quotes names with special letters the way C does. */
function unquotePath(name: string): string {
  if (!name.startsWith('"')) return name;
  const bytes: number[] = [];
  const pieces = name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs);
  for (const [, octal, escaped, plain] of pieces) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...Buffer.from(plain ?? ESCAPES[escaped ?? ''] ?? escaped ?? ''));
  }
  return Buffer.from(bytes).toString();
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
};

function quotePath(name: string): string {
  if (!/["\\\n\r\t]/.test(name)) return name;
  const octal = (letter: string): string => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return `"${name.replace(/["\\\n\r\t]/g, octal)}"`;
}

function side(prefix: 'a' | 'b', name: string): string {
  return name.startsWith('"') ? `"${prefix}/${name.slice(1)}` : `${prefix}/${name}`;
}
