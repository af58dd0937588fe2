import { createHash } from 'node:crypto';
import { chmod, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureFolder, isMissing } from '../os/files.js';
import { formatGitUrl, type GitUrl, isHttp, repositoryName, withoutCredentials } from './git-url.js';
import type { RepositoryGit } from './repository-git.js';

/** A bare copy of a repository that all tasks on this machine share. */
export interface Mirror {
  folder: string;
  /** Held while the mirror is changed. */
  lockFile: string;
}

/** Below the cache folder. Folders beside it belong to other agents. */
const MIRRORS = 'mirrors';
/** Written into a mirror; its time is that of the last use. */
const USED = 'agent-used';
/** Its time is that at which the last complete fetch began. */
const FETCHED = 'agent-fetched';

export const MIRROR_MARKS = { used: USED, fetched: FETCHED } as const;

export function mirrorsFolder(cacheFolder: string): string {
  return path.join(cacheFolder, MIRRORS);
}

/** One mirror per repository, however its address is spelled. `url` is the one that is fetched from. */
export function mirrorAt(cacheFolder: string, url: GitUrl): Mirror {
  const key = canonicalAddress(url);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 12);
  const name = repositoryName(url)
    .replace(/\.git$/i, '')
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[.-]+/, '_')
    .slice(0, 60);
  const folder = path.join(mirrorsFolder(cacheFolder), `${name}-${hash}.git`);
  return { folder, lockFile: `${folder}.lock` };
}

/**
 * Spellings of one address come out the same: case of the host, implied port, user of an https address, `.git` and
 * slashes at the end, and the scp form of an absolute path. A relative scp path starts in a home folder, so it
 * stays apart from an absolute one.
 */
export function canonicalAddress(url: GitUrl): string {
  const { suffix, ...rest } = withoutCredentials(url);
  const path = rest.path.replace(/(?:\/|\.git)+$/i, '');
  const plain: GitUrl = { ...rest, path, suffix: isHttp(url) && suffix.startsWith('?') ? suffix : '' };
  if (url.form === 'scp' && path.startsWith('/')) return formatGitUrl({ ...plain, form: 'url' });
  if (url.form === 'url' && url.scheme === 'file') return decodedPath(path);
  return formatGitUrl(plain);
}

function decodedPath(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** The address of a repository's remote in its configuration file, as git writes one that needs no quotes. */
export function originSection(url: string): string {
  return `\n[remote "origin"]\n\turl = ${url}\n`;
}

/** Environment of commands that work in a mirror: git must not go looking for another repository around it. */
export function inMirror(mirror: Mirror): { cwd: string; env: Record<string, string> } {
  return { cwd: path.dirname(mirror.folder), env: { GIT_DIR: mirror.folder } };
}

/**
 * Recreates the mirror in a separate folder that replaces the old one when it is complete: whatever
 * happens before, the old one is untouched. The caller holds the lock.
 */
export async function createMirror(git: RepositoryGit, mirror: Mirror): Promise<void> {
  const parent = path.dirname(mirror.folder);
  await ensureFolder(parent);
  await keepPrivate(parent);
  await removeLeftovers(mirror);
  const begun = new Date();
  const fresh = `${mirror.folder}${FRESH}`;
  const args = ['clone', '--bare', '--progress', '--', git.fetchUrl, fresh];
  try {
    const clear = () => rm(fresh, { recursive: true, force: true });
    const result = await git.transfer(args, { cwd: parent }, clear);
    if (result.exitCode !== 0) throw git.error('cannot clone', result);
    // Set afterwards: as an option of `clone`, git 2.39 counts it beside its own and refuses both.
    const place = { cwd: parent, env: { GIT_DIR: fresh } };
    await git.run(['config', 'remote.origin.fetch', '+refs/heads/*:refs/heads/*'], place);
    await mark(fresh, FETCHED, begun, git.shownUrl);
    await mark(fresh, USED, new Date());
    await keepPrivate(fresh);
    await replaceFolder(fresh, mirror.folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Of the work tree that waits beside a mirror for its next task. */
export function spareFolder(mirror: Pick<Mirror, 'folder'>): string {
  return `${mirror.folder}.spare`;
}

const FRESH = '.new';
const OLD = '.old';

/** Leftovers of a killed agent; no other agent works on the mirror while its lock is held. */
export async function removeLeftovers(mirror: Mirror): Promise<void> {
  for (const folder of [
    `${mirror.folder}${FRESH}`,
    `${mirror.folder}${OLD}`,
    `${spareFolder(mirror)}${FRESH}`,
    `${spareFolder(mirror)}${OLD}`,
  ])
    await rm(folder, { recursive: true, force: true });
}

/** Takes a mirror away at once, then removes it at leisure. The caller holds the lock. */
export async function removeMirror(mirror: Mirror): Promise<void> {
  await removeLeftovers(mirror);
  await removeSpare(mirror);
  await rename(mirror.folder, `${mirror.folder}${OLD}`);
  await rm(`${mirror.folder}${OLD}`, { recursive: true, force: true });
}

/** Takes it away at once: no task gets a part of it, also when this process is killed. The caller holds the lock. */
export async function removeSpare(mirror: Mirror): Promise<void> {
  const spare = spareFolder(mirror);
  const old = `${spare}${OLD}`;
  await rm(old, { recursive: true, force: true });
  await rename(spare, old).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await rm(old, { recursive: true, force: true });
}

async function replaceFolder(fresh: string, place: string): Promise<void> {
  await rename(place, `${place}${OLD}`).catch(() => undefined);
  await rename(fresh, place);
  await rm(`${place}${OLD}`, { recursive: true, force: true });
}

export async function markUsed(mirror: Mirror): Promise<void> {
  await keepPrivate(path.dirname(mirror.folder));
  await mark(mirror.folder, USED, new Date());
}

export async function markFetched(mirror: Mirror, begun: Date, url: string): Promise<void> {
  await mark(mirror.folder, FETCHED, begun, url);
}

/** git makes folders for everyone to read. One that belongs to another user stays as it is. */
async function keepPrivate(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(() => undefined);
}

async function mark(folder: string, name: string, time: Date, content = ''): Promise<void> {
  const file = path.join(folder, name);
  await writeFile(file, content, { mode: 0o600 });
  await utimes(file, time, time);
}
