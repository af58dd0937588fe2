import { editableTarget, isEditable } from './list-options.js';
import { OPERATOR, type VersionPart, versionParts } from './version.js';

/** One line of a requirements list, read. */
export interface Requirement {
  /** As written, comment and all. */
  line: string;
  kind: 'index' | 'vcs' | 'link' | 'local' | 'unread';
  name: string | undefined;
  extras: string[];
  versions: VersionPart[];
  marker: string | undefined;
  editable: boolean;
  /** Of `vcs`, `link` and `local`: without revision and fragment. */
  uri: string | undefined;
  vcs: string | undefined;
  revision: string | undefined;
  subdirectory: string | undefined;
  hash: { name: string; value: string } | undefined;
  /** Options of this line alone: `--hash=sha256:…`, `--global-option=…`. */
  options: string[];
}

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const NAMED_URL = new RegExp(`^(${NAME})\\s*(?:\\[([^\\]]*)\\])?\\s*@\\s*(\\S+:.*|/.*)$`);
const SPECIFIER = new RegExp(
  `^(${NAME})\\s*(?:\\[([^\\]]*)\\])?\\s*(\\(?(?:(?:${OPERATOR})\\s*[^\\s,;()]+\\s*(?:,\\s*)?)*\\)?)\\s*(?:;\\s*(.+))?$`,
);
const VCS = /^(git|hg|svn|bzr)(?:\+|:\/\/)/i;
/** Ends of the names of files that are packages, with what may follow them in a list. */
export const ARCHIVE = /\.(whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz|tar)(?:\[[^\]]*\])?(?:#.*)?$/i;

/**
 * Reads one line that is neither blank nor a comment nor an option of the whole list. A line that cannot be
 * read is kept as `unread` and handed to the installer as it is.
 */
export function parseRequirement(line: string): Requirement {
  const base: Requirement = { ...EMPTY, extras: [], versions: [], options: [], line };
  const plain = withoutComment(line);
  if (isEditable(plain)) return { ...parseTarget(editableTarget(plain), base), editable: true };
  const { text, options } = splitOptions(plain);
  const named = NAMED_URL.exec(text);
  if (named !== null) {
    const target = parseTarget(named[3] ?? '', base);
    return {
      ...target,
      name: named[1],
      extras: target.extras.length > 0 ? target.extras : extrasOf(named[2]),
      options,
    };
  }
  if (VCS.test(text) || /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || looksLocal(text))
    return { ...parseTarget(text, base), options };
  const match = SPECIFIER.exec(text);
  if (match === null) return base;
  return {
    ...base,
    kind: 'index',
    name: match[1],
    extras: extrasOf(match[2]),
    versions: versionParts((match[3] ?? '').replace(/[()]/g, '')),
    marker: match[4]?.trim(),
    options,
  };
}

/** The normal form, as it is handed to an installer: no comment, no superfluous blanks. */
export function requirementText(requirement: Requirement): string {
  const { kind, name, extras, versions, marker, options, editable } = requirement;
  const tail = options.length === 0 ? '' : ` ${options.join(' ')}`;
  if (kind === 'index') {
    const range = versions.map(([operator, version]) => operator + version).join(',');
    const list = extras.length === 0 ? '' : `[${[...extras].sort().join(',')}]`;
    return `${name}${list}${range}${marker === undefined ? '' : `; ${marker}`}${tail}`;
  }
  const text = withoutComment(requirement.line);
  return editable ? `-e ${editableTarget(text)}` : text;
}

/** Names that an index treats as equal: `Zope.Interface`, `zope-interface`. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** A `#` starts a comment at the start of a line and after a blank; a fragment of an address has none before. */
export function withoutComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, '').trim();
}

/** An address or a path, with what follows it. */
function parseTarget(text: string, base: Requirement): Requirement {
  const [target = '', marker] = splitMarker(text);
  const [address = '', fragment = ''] = splitOnce(target, '#');
  const facts = new URLSearchParams(fragment);
  const egg = /^([^[]+)(?:\[([^\]]*)\])?/.exec(facts.get('egg') ?? '');
  const read = {
    ...base,
    marker,
    name: egg?.[1],
    extras: extrasOf(egg?.[2]),
    subdirectory: facts.get('subdirectory') ?? undefined,
    hash: hashOf(facts),
  };
  const vcs = VCS.exec(address)?.[1]?.toLowerCase();
  if (vcs === undefined)
    return { ...read, kind: /^(https?|ftp):/i.test(address) ? 'link' : 'local', uri: address };
  const [uri, revision] = splitRevision(address);
  return { ...read, kind: 'vcs', vcs, uri, revision };
}

/** `@revision` stands after the host and its path; `user@host` and scp-like `git@host:path` do not count. */
function splitRevision(address: string): [string, string | undefined] {
  const path = address.indexOf('/', address.includes('://') ? address.indexOf('://') + 3 : 0);
  const at = address.lastIndexOf('@');
  return path === -1 || at < path ? [address, undefined] : [address.slice(0, at), address.slice(at + 1)];
}

/** In an address a marker stands after a blank and `;`. */
function splitMarker(text: string): [string, string | undefined] {
  const match = /^(.*?)\s+;\s*(.+)$/.exec(text);
  return match === null ? [text.trim(), undefined] : [(match[1] ?? '').trim(), match[2]?.trim()];
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function hashOf(facts: URLSearchParams): Requirement['hash'] {
  for (const name of ['sha256', 'sha512', 'sha384', 'sha224', 'sha1', 'md5']) {
    const value = facts.get(name);
    if (value !== null) return { name, value };
  }
  return undefined;
}

function splitOptions(text: string): { text: string; options: string[] } {
  const match = /^(.*?)((?:\s+--(?:hash|global-option|install-option|config-settings?)[=\s]\S+)+)$/.exec(
    text,
  );
  if (match === null) return { text, options: [] };
  return { text: (match[1] ?? '').trim(), options: (match[2] ?? '').trim().split(/\s+(?=--)/) };
}

function looksLocal(text: string): boolean {
  return (
    /^(?:\.{1,2}(?:[/\\[]|$)|[/\\]|~\/|[A-Za-z]:[/\\])/.test(text) ||
    (/^\S+$/.test(text) && ARCHIVE.test(text))
  );
}

function extrasOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((extra) => extra.trim())
    .filter((extra) => extra !== '');
}

const EMPTY = {
  kind: 'unread',
  name: undefined,
  marker: undefined,
  editable: false,
  uri: undefined,
  vcs: undefined,
  revision: undefined,
  subdirectory: undefined,
  hash: undefined,
} as const;
