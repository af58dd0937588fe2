import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { exists, readTextIfThere } from '../os/files.js';
import { withLock } from '../os/lock.js';
import type { GitResult } from './git.js';
import { failureKind, gitWords } from './git-failure.js';
import {
  createMirror,
  inMirror,
  MIRROR_MARKS,
  type Mirror,
  markFetched,
  markUsed,
  mirrorAt,
  originSection,
} from './mirror.js';
import {
  type FoundRevision,
  findRevision,
  inMirrorIfThere,
  isEmptyDefault,
  type MirrorJob,
  revisionError,
} from './mirror-revision.js';
import type { RepositoryGit } from './repository-git.js';
import {
  commitIn,
  commitRef,
  describeRevision,
  extraRef,
  isFixed,
  isWholeCommit,
  type Revision,
  remoteRef,
} from './revision.js';
import { rewriteUrl } from './url-rewrite.js';

/** @param since when the task asked for the revision, milliseconds since 1970 */
export function mirrorJob(git: RepositoryGit, revision: Revision, since: number = Date.now()): MirrorJob {
  const { cacheFolder, settings } = git.context;
  const mirror = mirrorAt(cacheFolder, rewriteUrl(git.url, settings));
  return { git, mirror, revision, since };
}

/**
 * Calls `use` with a mirror that holds the revision. When it holds it already, this is done without lock and
 * network; `use` may then find the mirror changing under it, fail, and be called again with the lock held. Where access is
 * to be confirmed, the server is asked each time.
 *
 * @throws AgentError REPOSITORY_CLONE, REPOSITORY_REVISION, DISK_FULL, LOCK_TIMEOUT
 */
export async function withRevision<T>(job: MirrorJob, use: (found: FoundRevision) => Promise<T>): Promise<T> {
  const { reporter, signal, settings } = job.git.context;
  if (isFixed(job.revision) && job.rebuild !== true && !settings.confirmAccess) {
    const quick = await withoutLock(job, use);
    if (quick !== undefined) return quick.value;
  }
  const lock = {
    timeoutMs: settings.cache.lockTimeoutMs,
    signal,
    what: `the mirror of ${job.git.shownUrl}`,
    onWait: () => reporter.line(`waiting for another task that fetches from ${job.git.shownUrl}`),
  };
  return withLock(job.mirror.lockFile, lock, async () => {
    const found = await bringUpToDate(job);
    const value = await use(found);
    await markUsed(job.mirror);
    return value;
  });
}

async function withoutLock<T>(
  job: MirrorJob,
  use: (found: FoundRevision) => Promise<T>,
): Promise<{ value: T } | undefined> {
  const found = await findRevision(job);
  if (found === undefined) return undefined;
  try {
    const value = await use(found);
    await markUsed(job.mirror);
    return { value };
  } catch {
    job.git.context.signal.throwIfAborted();
    return undefined;
  }
}

async function bringUpToDate(job: MirrorJob): Promise<FoundRevision> {
  const { git, mirror, revision } = job;
  const present = await isMirror(job);
  if (git.context.settings.standalone) return resolved(job, present ? await findRevision(job) : undefined);
  let fresh = false;
  if (!present || job.rebuild === true) {
    git.context.reporter.line(`cloning ${describeRoute(git)}`);
    await createMirror(git, mirror);
    fresh = true;
  } else if (git.context.settings.confirmAccess || (!isFixed(revision) && !isAskedFor(revision))) {
    fresh = await update(job);
  }
  if (isAskedFor(revision)) return resolved(job, await askFor(job));
  const found = await findRevision(job);
  if (found !== undefined || fresh) return resolved(job, found ?? (await askFor(job)));
  await update(job);
  return resolved(job, (await findRevision(job)) ?? (await askFor(job)));
}

/** A ref that fetching branches and tags does not bring, such as a pull request. */
function isAskedFor(revision: Revision): boolean {
  return remoteRef(revision) !== undefined;
}

async function resolved(job: MirrorJob, found: FoundRevision | undefined): Promise<FoundRevision> {
  if (found !== undefined) return found;
  if (await isEmptyDefault(job)) return { commit: undefined, branch: undefined };
  throw await revisionError(job);
}

/** Fetches branches and tags. True when it was done, false when another task just did. */
async function update(job: MirrorJob): Promise<boolean> {
  const { git, mirror } = job;
  // What another task fetched was for its own login.
  if (!git.context.settings.confirmAccess && (await fetchedSince(mirror, job.since))) return false;
  const begun = new Date();
  git.context.reporter.line(`fetching from ${describeRoute(git)}`);
  const args = ['fetch', '--force', '--prune', '--progress', ...git.context.settings.fetchArguments];
  const result = await fetchRepaired(job, args);
  if (result.exitCode !== 0) await rebuildOrThrow(job, result);
  else if (job.revision.kind === 'default') await followRemoteHead(job);
  await markFetched(mirror, begun, git.shownUrl);
  await tidy(job);
  return true;
}

/** Each fetch adds a pack, and many packs are slow to search and to link. */
const MOST_PACKS = 50;

async function tidy({ git, mirror }: MirrorJob): Promise<void> {
  const names = await readdir(path.join(mirror.folder, 'objects', 'pack')).catch(() => []);
  if (names.filter((name) => name.endsWith('.pack')).length <= MOST_PACKS) return;
  const result = await git.run(['repack', '-d', '--geometric=2'], inMirror(mirror));
  if (result.exitCode !== 0)
    git.context.reporter.line(`packs not joined: ${gitWords(result.stderr)}`, 'DEBUG');
}

/** A killed git leaves lock files in the mirror; while we hold its lock no process owns them. */
async function fetchRepaired(job: MirrorJob, args: readonly string[]): Promise<GitResult> {
  await followUrl(job);
  const result = await job.git.transfer(args, inMirror(job.mirror));
  if (result.exitCode === 0 || !/\.lock': File exists/.test(result.stderr)) return result;
  await removeLockFiles(job.mirror.folder);
  return job.git.transfer(args, inMirror(job.mirror));
}

/** The address may have changed since the last fetch; one that git has to quote is set each time. */
async function followUrl({ git, mirror }: MirrorJob): Promise<void> {
  const config = await readTextIfThere(path.join(mirror.folder, 'config'));
  if (config?.includes(originSection(git.fetchUrl))) return;
  await git.run(['remote', 'set-url', '--', 'origin', git.fetchUrl], inMirror(mirror));
}

async function rebuildOrThrow({ git, mirror }: MirrorJob, result: GitResult): Promise<void> {
  const kind = failureKind(result);
  const own = kind === 'damaged' || kind === 'unknown';
  if (!own && !git.context.settings.cache.cloneOnFetchFailure) throw git.error('cannot fetch from', result);
  git.context.reporter.line(
    `the mirror of ${git.shownUrl} cannot be brought up to date, cloning again`,
    'WARNING',
  );
  if (own) git.context.reporter.line(gitWords(result.stderr));
  await createMirror(git, mirror);
}

/** The default branch may be another one than when the mirror was made. */
async function followRemoteHead({ git, mirror }: MirrorJob): Promise<void> {
  const result = await git.transfer(['ls-remote', '--symref', 'origin', 'HEAD'], inMirror(mirror));
  if (result.exitCode !== 0) throw git.error('cannot read the default branch of', result);
  const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(result.stdout)?.[1];
  const commit = /^([0-9a-f]{40,64})\tHEAD$/m.exec(result.stdout)?.[1];
  if (branch !== undefined) {
    await git.must(['symbolic-ref', 'HEAD', branch], inMirror(mirror), 'cannot follow the default branch of');
  } else if (commit !== undefined) {
    await git.must(
      ['update-ref', '--no-deref', 'HEAD', commit],
      inMirror(mirror),
      'cannot follow the HEAD of',
    );
  }
}

/** Commits that no branch or tag contains and refs outside of both: asked for by name, then all refs there are. */
async function askFor(job: MirrorJob): Promise<FoundRevision | undefined> {
  const { git, revision } = job;
  if (revision.kind === 'default') return undefined;
  const refspecs: string[] = [];
  const commit = commitIn(revision);
  if (commit !== undefined && isWholeCommit(commit)) refspecs.push(`+${commit}:${commitRef(commit)}`);
  const ref = remoteRef(revision);
  if (ref !== undefined) refspecs.push(`+${ref}:${extraRef(ref)}`);
  if (commit !== undefined) refspecs.push(`+refs/*:${extraRef('refs/*')}`);
  for (const refspec of refspecs) {
    git.context.reporter.line(
      `${describeRevision(revision)} is in no branch or tag, asking for ${refspec.slice(1).split(':')[0]}`,
    );
    const result = await fetchRepaired(job, [
      'fetch',
      '--force',
      '--no-tags',
      '--progress',
      'origin',
      refspec,
    ]);
    if (result.exitCode !== 0 && !NOT_THERE.has(failureKind(result)))
      throw git.error('cannot fetch from', result);
    const found = result.exitCode === 0 ? await findRevision(job) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

const NOT_THERE: ReadonlySet<string> = new Set(['no-ref', 'unknown']);

/** One that was complete once needs no look: a fetch finds what is wrong with it, and makes it again. */
async function isMirror({ git, mirror, revision }: MirrorJob): Promise<boolean> {
  const place = await inMirrorIfThere(mirror);
  if (place === undefined) return false;
  if (!isAskedFor(revision) && (await exists(path.join(mirror.folder, MIRROR_MARKS.fetched)))) return true;
  return (await git.run(['rev-parse', '--is-bare-repository'], place)).stdout.trim() === 'true';
}

/** Where git really goes, when that is another address than the task's. */
export function describeRoute(git: RepositoryGit): string {
  return git.fetchUrl === git.shownUrl ? git.shownUrl : `${git.shownUrl} by way of ${git.fetchUrl}`;
}

async function fetchedSince(mirror: Mirror, since: number): Promise<boolean> {
  const marked = await stat(path.join(mirror.folder, MIRROR_MARKS.fetched)).catch(() => undefined);
  // A time that was set in whole milliseconds may be read back as a fraction less.
  return marked !== undefined && Math.round(marked.mtimeMs) >= since;
}

async function removeLockFiles(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  const locks = names.filter((name) => name.endsWith('.lock'));
  await Promise.all(locks.map((name) => rm(path.join(folder, name), { force: true })));
}
