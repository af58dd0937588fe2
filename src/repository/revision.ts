import type { TaskScript } from '../api/task-record.js';

/** What is to be checked out. */
export type Revision =
  /** A whole or shortened commit id. */
  | { kind: 'commit'; name: string }
  | { kind: 'tag'; name: string }
  | { kind: 'branch'; name: string }
  /** The field for a commit holds another name: a branch, a tag, a ref. */
  | { kind: 'name'; name: string }
  /** The branch that the remote's HEAD names. */
  | { kind: 'default' };

/** A commit wins over a tag, a tag over a branch; blank fields do not count. */
export function wantedRevision(script: Pick<TaskScript, 'branch' | 'tag' | 'version_num'>): Revision {
  const commit = script.version_num?.trim();
  if (commit) return { kind: /^[0-9a-f]{4,64}$/i.test(commit) ? 'commit' : 'name', name: commit };
  const tag = script.tag?.trim();
  if (tag) return { kind: 'tag', name: tag };
  const branch = script.branch?.trim();
  return branch ? { kind: 'branch', name: branch } : { kind: 'default' };
}

/** True when the name means one commit for ever, so that nobody needs to be asked about it. */
export function isFixed(revision: Revision): boolean {
  return revision.kind === 'commit';
}

/** True for a commit id that is not shortened; only such a one can be asked of a server. */
export function isWholeCommit(name: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(name);
}

/** Refs that no branch or tag shows are kept under this name in a mirror: commits, pull requests. */
const EXTRA = 'refs/agent';

/** Where a mirror keeps a commit that no branch or tag contains. */
export function commitRef(commit: string): string {
  return `${EXTRA}/commits/${commit}`;
}

/** Where a mirror keeps a ref that is neither branch nor tag. */
export function extraRef(ref: string): string {
  return `${EXTRA}/${ref}`;
}

/**
 * Names to look for in a mirror, in this order. A name that may be a branch or tag is only looked for as such:
 * `HEAD~3` or `-x` mean nothing here.
 */
export function candidates(revision: Revision): string[] {
  switch (revision.kind) {
    case 'commit':
      return [revision.name, `refs/tags/${revision.name}`, `refs/heads/${revision.name}`];
    case 'tag':
      return named(revision.name, ['refs/tags/']);
    case 'branch':
      return named(revision.name, ['refs/heads/']);
    case 'name':
      return named(revision.name, ['refs/tags/', 'refs/heads/']);
    case 'default':
      return ['HEAD'];
  }
}

/** The ref of the remote to ask for when a name is a pull request or another ref outside branches and tags. */
export function remoteRef(revision: Revision): string | undefined {
  if (revision.kind === 'default' || revision.kind === 'commit') return undefined;
  const { name } = revision;
  if (/^refs\/(?!heads\/|tags\/|agent\/)[^\s:*?[\\^~]+$/.test(name)) return name;
  return /^(pull|pull-requests|merge-requests|changes)\/[\w./-]+$/.test(name) ? `refs/${name}` : undefined;
}

/** How a revision is called in messages. */
export function describeRevision(revision: Revision): string {
  switch (revision.kind) {
    case 'default':
      return 'the default branch';
    case 'name':
      return `revision ${revision.name}`;
    default:
      return `${revision.kind} ${revision.name}`;
  }
}

function named(name: string, folders: readonly string[]): string[] {
  const bare = name.replace(/^refs\/(?:heads|tags|remotes\/origin)\//, '');
  const extra = remoteRef({ kind: 'name', name });
  return [
    ...(extra === undefined ? [] : [extraRef(extra)]),
    ...folders.map((folder) => folder + bare),
    ...(bare.startsWith('origin/') ? folders.map((folder) => folder + bare.slice('origin/'.length)) : []),
  ];
}
