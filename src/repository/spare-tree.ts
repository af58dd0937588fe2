import { createHash } from 'node:crypto';
import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAgentError } from '../errors.js';
import type { Reporter } from '../logs/reporter.js';
import { ensureFolder, exists, readTextIfThere, writeFileDurable } from '../os/files.js';
import { withLock } from '../os/lock.js';
import { ownPlace } from '../os/lock-life.js';
import { hasAttributes, lfsFilter } from './lfs.js';
import { checkOutCommit, cloneLocally, LocalFailure } from './local-clone.js';
import { type Mirror, removeSpare, spareFolder } from './mirror.js';
import type { MirrorJob } from './mirror-revision.js';
import { RepositoryGit } from './repository-git.js';

/** The start of the command comes first. */
const LATER_MS = 300;

/** In a spare work tree: what it is good for. */
const STATE = path.join('.git', 'agent-spare');

/** A larger work tree takes long to write, and space for each repository: some 5,000 files, and their history. */
const MOST_INDEX_BYTES = 512 * 1024;
const MOST_PACK_BYTES = 100 * 1024 * 1024;
/** Refs in files of their own; a fetch packs none. */
const MOST_LOOSE_REFS = 200;

/**
 * Moves the spare work tree of a mirror to `folder`, if it is what a clone and a checkout of the commit would make now. Of
 * several tasks that try at once, one gets it.
 */
export async function takeSpareTree(
  job: Pick<MirrorJob, 'git' | 'mirror' | 'rebuild'>,
  commit: string | undefined,
  folder: string,
): Promise<boolean> {
  const { mirror, rebuild } = job;
  const spare = spareFolder(mirror);
  if (commit === undefined || rebuild === true || !(await exists(spare))) return false;
  const state = await stateOf(job, commit);
  if (state === undefined || (await stateIn(spare)) !== state) return false;
  try {
    await rm(folder, { recursive: true, force: true });
    await rename(spare, folder);
    // Another task may have replaced it meanwhile.
    if ((await stateIn(folder)) !== state) return false;
    await rm(path.join(folder, STATE));
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a work tree for the next task of the same commit, which then needs no clone and no checkout. Made beside and
 * moved to its place when it is complete. Nothing is made while another task uses the mirror.
 */
export async function keepSpareTree(
  { git: of, mirror }: MirrorJob,
  commit: string,
  signal: AbortSignal,
): Promise<void> {
  await sleep(LATER_MS, undefined, { signal });
  const git = await RepositoryGit.open({ ...of.context, signal, reporter: SILENT }, of.url);
  const lock = { timeoutMs: 0, signal, what: `the mirror of ${git.shownUrl}` };
  try {
    await withLock(mirror.lockFile, lock, () => make(git, mirror, commit));
  } catch (error) {
    if (!isAgentError(error, 'LOCK_TIMEOUT') && !(error instanceof LocalFailure)) throw error;
  }
}

async function make(git: RepositoryGit, mirror: Mirror, commit: string): Promise<void> {
  const spare = spareFolder(mirror);
  const state = await stateOf({ git, mirror }, commit);
  if (state === undefined || (await stateIn(spare)) === state) return;
  const fresh = `${spare}.new`;
  try {
    await ensureFolder(path.dirname(fresh));
    await cloneLocally(git, mirror, fresh);
    const arePointers = await checkOutCommit(git, mirror, { folder: fresh, commit });
    // The log of each task says that its files stay pointers.
    if (arePointers && (await hasAttributes(fresh))) return;
    await writeFileDurable(path.join(fresh, STATE), state);
    await removeSpare(mirror);
    await rename(fresh, spare);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const SILENT: Reporter = { line: () => undefined, output: () => undefined };

function stateIn(spare: string): Promise<string | undefined> {
  return readTextIfThere(path.join(spare, STATE));
}

/**
 * What a clone and a checkout depend on; `undefined` where that takes long to say, and on systems without an identity of the
 * boot: the files of a work tree are not written durably, so it is good until the machine starts again.
 */
async function stateOf(
  { git, mirror }: Pick<MirrorJob, 'git' | 'mirror'>,
  commit: string,
): Promise<string | undefined> {
  const { boot } = await ownPlace();
  const [refs, settings] = [await refsOf(mirror.folder), await git.stateOfSettings()];
  if (boot === undefined || refs === undefined || settings === undefined) return undefined;
  const lfs = await lfsFilter(git, mirror);
  const owner = [process.getuid?.() ?? 0, process.umask()];
  const parts = [commit, refs, settings, lfs, owner];
  return `${boot} ${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}

/** A clone gets the refs of the mirror, packed and in files of their own. */
async function refsOf(mirror: string): Promise<string[] | undefined> {
  const loose: string[] = [];
  for (const entry of await readdir(path.join(mirror, 'refs'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) loose.push(path.join(entry.parentPath, entry.name));
    if (loose.length > MOST_LOOSE_REFS) return undefined;
  }
  const files = [
    'HEAD',
    'packed-refs',
    'shallow',
    'reftable/tables.list',
    ...loose.map((file) => path.relative(mirror, file)).sort(),
  ];
  const texts = await Promise.all(files.map((file) => readTextIfThere(path.join(mirror, file))));
  return files.flatMap((file, at) => [file, texts[at] ?? '']);
}

/**
 * Whether a spare work tree like this one is made: it is small, and on the file system of the mirrors, from which it could not
 * be moved otherwise. Read off a few files, as it delays a task.
 */
export async function isSpareWorthwhile({ mirror }: MirrorJob, tree: string): Promise<boolean> {
  try {
    const packs = path.join(mirror.folder, 'objects', 'pack');
    const [here, there, index, attributes, names] = await Promise.all([
      stat(mirror.folder),
      stat(tree),
      stat(path.join(tree, '.git', 'index')),
      readTextIfThere(path.join(tree, '.gitattributes')),
      readdir(packs),
    ]);
    const sizes = await Promise.all(names.map(async (name) => (await lstat(path.join(packs, name))).size));
    return (
      here.dev === there.dev &&
      index.size <= MOST_INDEX_BYTES &&
      sizes.reduce((sum, size) => sum + size, 0) <= MOST_PACK_BYTES &&
      !/\blfs\b/.test(attributes ?? '')
    );
  } catch {
    return false;
  }
}
