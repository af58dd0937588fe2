import type { TaskScript } from '../api/task-record.js';
import { AgentError } from '../errors.js';

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

/**
 * A commit wins over a tag, a tag over a branch; blank fields do not count. `HEAD` in any of them is the remote's,
 * as for `git checkout HEAD` in a new clone.
 */
export function wantedRevision(script: Pick<TaskScript, 'branch' | 'tag' | 'version_num'>): Revision {
  const commit = script.version_num?.trim();
  if (commit) return revision(isCommit(commit) ? 'commit' : 'name', commit);
  const tag = script.tag?.trim();
  if (tag) return revision('tag', tag);
  const branch = script.branch?.trim();
  return branch ? revision('branch', branch) : { kind: 'default' };
}

function revision(kind: Exclude<Revision['kind'], 'default'>, name: string): Revision {
  checkName(kind, name);
  return /^(?:(?:refs\/)?remotes\/[^/]+\/|origin\/)?(?:HEAD|@)$/.test(name)
    ? { kind: 'default' }
    : { kind, name };
}

/** Longer than any file system, and so any ref, allows. */
const LONGEST = 4096;

/**
 * git reads names line by line, so none may hold a line end.
 *
 * @throws AgentError TASK_INVALID
 */
export function checkName(field: string, name: string): void {
  if (name.length <= LONGEST && !/\p{Cc}/u.test(name)) return;
  const what = name.length > LONGEST ? `${name.length} letters` : 'control characters or line breaks';
  throw new AgentError(
    'TASK_INVALID',
    `the ${field} of the task has ${what}: ${JSON.stringify(name.slice(0, 60))}`,
    { hint: `Correct the ${field} of the task.` },
  );
}

/** True when the name always means the same commit, so the remote need not be asked. */
export function isFixed(revision: Revision): boolean {
  return revision.kind === 'commit';
}

function isCommit(name: string): boolean {
  return /^[0-9a-f]{4,64}$/i.test(name);
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

const HEADS = 'refs/heads/';
const TAGS = 'refs/tags/';

/**
 * Names to look for in a mirror, in this order. A name that may be a branch or tag is only looked for as such:
 * `HEAD~3` or `-x` mean nothing here. People put tags and commits into the field for the branch, and the other way
 * round, so each field finds the other kinds after its own.
 */
export function candidates(revision: Revision): string[] {
  switch (revision.kind) {
    case 'commit':
      return [revision.name, TAGS + revision.name, HEADS + revision.name];
    case 'tag':
    case 'name':
      return named(revision.name, [TAGS, HEADS]);
    case 'branch':
      return named(revision.name, [HEADS, TAGS]);
    case 'default':
      return ['HEAD'];
  }
}

/** The branch that a candidate means, when it is one. */
export function branchOfRef(ref: string): string | undefined {
  return ref.startsWith(HEADS) ? ref.slice(HEADS.length) : undefined;
}

/** The ref of the remote to ask for when a name is a pull request or another ref outside branches and tags. */
export function remoteRef(revision: Revision): string | undefined {
  if (revision.kind === 'default' || revision.kind === 'commit') return undefined;
  const { name } = revision;
  if (/^refs\/(?!heads\/|tags\/|remotes\/|agent\/)[^\s:*?[\\^~]+$/.test(name)) return name;
  return /^(pull|pull-requests|merge-requests|changes)\/[\w./-]+$/.test(name) ? `refs/${name}` : undefined;
}

/** The commit that a name may be short for or be itself; `undefined` for names that are no commit ids. */
export function commitIn(revision: Revision): string | undefined {
  if (revision.kind === 'default') return undefined;
  return isCommit(revision.name) ? revision.name : describedCommit(revision.name);
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

/**
 * A whole ref means exactly that ref. Shorter spellings are those that git itself prints: `heads/x`, `tags/x`,
 * `remotes/origin/x`, `origin/x`.
 */
function named(written: string, folders: readonly string[]): string[] {
  const name = written.replace(/\^(?:0|\{\w*\})$/, '');
  if (name.startsWith(HEADS) || name.startsWith(TAGS)) return [name];
  const tracked = /^(?:refs\/)?remotes\/[^/]+\/(.+)$/.exec(name)?.[1];
  if (tracked !== undefined) return [HEADS + tracked];
  const extra = remoteRef({ kind: 'name', name });
  const commit = commitIn({ kind: 'name', name });
  return [
    ...(extra === undefined ? [] : [extraRef(extra)]),
    ...folders.map((folder) => folder + name),
    ...(/^(?:heads|tags)\/./.test(name) ? [`refs/${name}`] : []),
    ...(name.startsWith('origin/') ? folders.map((folder) => folder + name.slice('origin/'.length)) : []),
    ...(commit === undefined ? [] : [commit]),
  ];
}

/** `git describe` prints `v1.2-3-gdeadbee`, a copied commit may carry `-dirty` (git) or `+` (hg). */
function describedCommit(name: string): string | undefined {
  return /^(?:.+-g)?([0-9a-f]{7,64})(?:-dirty|\+)?$/i.exec(name)?.[1];
}
