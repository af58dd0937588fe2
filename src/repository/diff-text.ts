import { HunkCounter, type MendedHunks, mendHunks, splitLines, withLineEnds } from './diff-hunks.js';
import { type HeadNames, readNames, type TreeNames, withNames } from './diff-names.js';
import { placeParts, type Tree } from './diff-places.js';

/** The part of a diff that is about one file. */
export interface FileDiff {
  /** Path of the file in the tree after the change, or before it when it is deleted. */
  path: string;
  /** Where a renamed or copied file comes from. */
  from: string | undefined;
  /** The lines of the part, each with its line end, with names as `git apply` reads them. */
  text: string;
  /** First lines of its hunks: `@@ -1,2 +1,3 @@ …`. */
  hunks: string[];
  change: 'new' | 'deleted' | 'renamed' | 'changed';
  /** `content` holds the bytes; `none` only says that they differ. */
  binary: 'no' | 'content' | 'none';
  /** Set when the line counts of a hunk are wrong. `git apply` would refuse the text, or apply only some of it. */
  mended: MendedHunks | undefined;
  /** Commits of a submodule, when the part is about which one is checked out. */
  link: { from: string; to: string } | undefined;
}

/** Cuts a diff into files, and finds out which files of the tree they are. */
export async function readDiff(diff: string, tree: Tree): Promise<FileDiff[]> {
  const parts = splitDiff(withLineEnd(diff)).map((text) => {
    const written = /^.*\r\n/.test(text) ? withLineEnds(text, '\n') : text;
    const head = written.slice(0, firstBody(written));
    return { head, body: written.slice(head.length), names: readNames(head) };
  });
  const places = await placeParts(
    parts.map(({ names }) => names),
    tree,
  );
  return parts.map(({ head, body, names }, at) =>
    fileDiff(head, body, { names, place: places[at] ?? names }),
  );
}

/**
 * The parts of a diff. Text before the first file, between files (such as that of `--submodule=diff`) and after the
 * last one belongs to no file for git either.
 */
export function splitDiff(diff: string): string[] {
  const parts: string[][] = [];
  let hunk = new HunkCounter();
  const lines = splitLines(diff);
  for (const [at, line] of lines.entries()) {
    const inHunk = hunk.takes(line);
    if (!inHunk && isFileStart(line, lines[at + 1] ?? '', parts.at(-1))) {
      parts.push([line]);
      hunk = new HunkCounter();
    } else if (parts.length > 0) {
      parts.at(-1)?.push(line);
      if (!inHunk) hunk = HunkCounter.from(line) ?? hunk;
    }
  }
  return parts.map((part) => part.join(''));
}

/** git puts a line end after the last line; a text field of a web form may have lost it. */
export function withLineEnd(diff: string): string {
  return diff === '' || diff.endsWith('\n') ? diff : `${diff}\n`;
}

/** Only adds lines to a file without any: what a diff says of a file that is not under version control. */
export function asNewFile(file: FileDiff): FileDiff | undefined {
  const addsOnly = file.hunks.length > 0 && file.hunks.every((line) => /^@@ -0,0 /.test(line));
  if (file.change !== 'changed' || !addsOnly) return undefined;
  const body = file.text.slice(file.text.search(/^@@ /m));
  const head = withNames('diff --git x x\nnew file mode 100644\n--- x\n+++ x\n', {
    old: undefined,
    new: file.path,
  });
  return { ...file, change: 'new', text: head + body };
}

function isFileStart(line: string, next: string, current: readonly string[] | undefined): boolean {
  if (line.startsWith('diff --git ')) return true;
  // Without git's own header a part begins at its first name.
  if (!line.startsWith('--- ') || !next.startsWith('+++ ')) return false;
  return (
    current === undefined ||
    current.some((one) => one.startsWith('--- ') || one.startsWith('GIT binary patch'))
  );
}

function fileDiff(
  head: string,
  body: string,
  { names, place }: { names: HeadNames; place: TreeNames },
): FileDiff {
  const text = (isPlain(head, names, place) ? head : withNames(head, place)) + body;
  return {
    path: place.new ?? place.old ?? '',
    from: names.renamed && place.old,
    text,
    hunks: splitLines(body)
      .filter((line) => HunkCounter.from(line) !== undefined)
      .map((line) => line.trimEnd()),
    change: changeOf(names),
    binary: /^GIT binary patch/m.test(body)
      ? 'content'
      : /^Binary files .* differ\r?$/m.test(head)
        ? 'none'
        : 'no',
    mended: mendHunks(text),
    link: linkOf(head, body),
  };
}

/** Whether `git apply`, which takes one folder off each name, reads the names as they are meant. */
function isPlain(head: string, names: HeadNames, place: TreeNames): boolean {
  const read = (name: string): string | undefined => /^[^/]*\/(.*)$/s.exec(name)?.[1];
  const isGit = head.startsWith('diff --git ');
  return (
    (names.old === undefined || read(names.old) === (place.old ?? place.new)) &&
    (names.new === undefined || read(names.new) === (place.new ?? place.old)) &&
    (names.renamed === undefined || names.renamed.from === place.old) &&
    (isGit || !names.isNew || /^--- \/dev\/null/m.test(head)) &&
    (isGit || !names.isDeleted || /^\+\+\+ \/dev\/null/m.test(head))
  );
}

function firstBody(text: string): number {
  const at = text.search(/^@@ -|^GIT binary patch/m);
  return at === -1 ? text.length : at;
}

function changeOf({ isNew, isDeleted, renamed }: HeadNames): FileDiff['change'] {
  if (isNew) return 'new';
  if (isDeleted) return 'deleted';
  return renamed === undefined ? 'changed' : 'renamed';
}

function linkOf(head: string, body: string): FileDiff['link'] {
  if (!/^(?:index \S+|new mode|old mode|new file mode|deleted file mode) 160000\r?$/m.test(head))
    return undefined;
  const commit = (mark: string): string =>
    new RegExp(`^\\${mark}Subproject commit ([0-9a-f]+)`, 'm').exec(body)?.[1] ?? '';
  return { from: commit('-'), to: commit('+') };
}
