/** What the head of a file's diff says about names. */
export interface HeadNames {
  /** As written, prefix included; `undefined` when the head has but one name. */
  old: string | undefined;
  new: string | undefined;
  isNew: boolean;
  isDeleted: boolean;
  /** Names without prefix, of a rename or copy. */
  renamed: { from: string; to: string } | undefined;
}

/** Names in a work tree that a diff means. */
export interface TreeNames {
  /** `undefined` when the file is new. */
  old: string | undefined;
  /** `undefined` when the file is deleted. */
  new: string | undefined;
}

/** Reads the names from the lines before the first hunk. */
export function readNames(head: string): HeadNames {
  const isGit = /^diff --git /m.test(head);
  const both = splitGitLine(/^diff --git (.+?)\r?$/m.exec(head)?.[1] ?? '');
  const from = /^(?:rename|copy) from (.+?)\r?$/m.exec(head)?.[1];
  const to = /^(?:rename|copy) to (.+?)\r?$/m.exec(head)?.[1];
  const older = sideName(head, '---', isGit);
  const newer = sideName(head, '+++', isGit);
  return {
    old: older ?? both?.[0],
    new: newer ?? both?.[1],
    isNew: older === null || /^new file mode /m.test(head),
    isDeleted: newer === null || /^deleted file mode /m.test(head),
    renamed:
      from === undefined || to === undefined ? undefined : { from: unquotePath(from), to: unquotePath(to) },
  };
}

/** `null` for a side that is not there; other tools than git say so by a date or a word after the name. */
function sideName(head: string, mark: '---' | '+++', isGit: boolean): string | null | undefined {
  const line = new RegExp(`^${mark.replaceAll('+', '\\+')} (.+?)\\r?$`, 'm').exec(head)?.[1];
  if (line === undefined) return undefined;
  const [name = '', note = ''] = splitNote(line, isGit);
  return name === '/dev/null' || NOT_THERE.test(note) ? null : unquotePath(name);
}

const NOT_THERE = /^\((?:nonexistent|revision 0)\)|^1970-01-01 0?0:00:00|^Thu Jan 0?1 00:00:00 1970/;
/** svn's revision, and dates as diff and hg write them. */
const NOTE =
  /^(.+?)[ \t]+(\((?:nonexistent|working copy|.*revision \d+.*)\)|\d{4}-\d\d-\d\d \d\d:\d\d.*|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d .*\d{4}.*)$/;

function splitNote(line: string, isGit: boolean): string[] {
  const tab = line.indexOf('\t');
  if (tab !== -1) return [line.slice(0, tab), line.slice(tab + 1)];
  return isGit ? [line] : (NOTE.exec(line)?.slice(1, 3) ?? [line]);
}

/** The two names of `diff --git`. Without quotes they are divided where they have the most in common. */
function splitGitLine(both: string): [string, string] | undefined {
  const quoted = /^("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)$/.exec(both);
  if (quoted) return [unquotePath(quoted[1] ?? ''), unquotePath(quoted[2] ?? '')];
  const blanks = [...both.matchAll(/ /g)].map(({ index }) => index);
  const pairs = blanks.map((at): [string, string] => [both.slice(0, at), both.slice(at + 1)]);
  const [best] = pairs.sort((one, other) => commonEnd(...other).length - commonEnd(...one).length);
  return best && [unquotePath(best[0]), unquotePath(best[1])];
}

export function commonEnd(one: string, other: string): string {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one.at(-1 - length) === other.at(-1 - length)) {
    length += 1;
  }
  return one.slice(one.length - length);
}

/** The head of a file's diff with the names of the tree and git's own prefixes. */
export function withNames(head: string, names: TreeNames): string {
  const older = names.old ?? names.new ?? '';
  const newer = names.new ?? names.old ?? '';
  const renamed = /^(?:rename|copy) to /m.test(head);
  return head
    .replace(/^diff --git .*$/m, () => `diff --git ${side('a', older)} ${side('b', newer)}`)
    .replace(/^--- .*$/m, () => `--- ${names.old === undefined ? '/dev/null' : ended(side('a', names.old))}`)
    .replace(
      /^\+\+\+ .*$/m,
      () => `+++ ${names.new === undefined ? '/dev/null' : ended(side('b', names.new))}`,
    )
    .replace(/^(rename|copy) from .*$/m, (_line, verb) =>
      renamed ? `${verb} from ${quotePath(older)}` : _line,
    )
    .replace(/^(rename|copy) to .*$/m, (_line, verb) => `${verb} to ${quotePath(newer)}`);
}

/** A name with blanks ends with a tab, as git and diff write it: what follows might be a date. */
function ended(name: string): string {
  return /\s/.test(name) && !name.startsWith('"') ? `${name}\t` : name;
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
  const quoted = quotePath(name);
  return quoted.startsWith('"') ? `"${prefix}/${quoted.slice(1)}` : `${prefix}/${quoted}`;
}
