import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exists, readTextIfThere } from '../os/files.js';
import type { GitResult } from './git.js';
import { failureKind } from './git-failure.js';
import { lfsFilter, warnOfPointers } from './lfs.js';
import { type Mirror, originSection } from './mirror.js';
import type { FoundRevision, MirrorJob } from './mirror-revision.js';
import { withRevision } from './mirror-update.js';
import type { RepositoryGit } from './repository-git.js';
import { type FillSubmodule, fillSubmodules } from './submodules.js';

/**
 * Makes a work tree of its own in `folder`: an ordinary clone, complete in itself, whose objects are hard links to
 * those of the mirror where the file system allows it. HEAD is detached at the commit, and the remote is the
 * repository's own address without secrets. Submodules are made in the same way.
 *
 * @param depth how many work trees are around this one
 * @param fill makes the work trees of submodules
 */
export async function makeWorkTree(
  job: MirrorJob,
  folder: string,
  depth = 0,
  fill: FillSubmodule = makeWorkTree,
): Promise<FoundRevision> {
  const { git } = job;
  const found = await cloneAndCheckOut(job, folder).catch(async (error: unknown) => {
    if (!(error instanceof LocalFailure)) throw error;
    if (!error.damage || git.context.settings.standalone) throw error.toAgentError(git);
    git.context.reporter.line(`the mirror of ${git.shownUrl} is damaged, cloning again`, 'WARNING');
    return cloneAndCheckOut({ ...job, rebuild: true }, folder).catch((again: unknown) => {
      throw again instanceof LocalFailure ? again.toAgentError(git) : again;
    });
  });
  if (git.context.settings.submodules && found.commit !== undefined) {
    await fillSubmodules(git, folder, { depth, fill });
  }
  return found;
}

/** A command on this machine failed; `damage` when a new mirror may help. */
class LocalFailure extends Error {
  readonly action: string;
  readonly result: GitResult;
  readonly damage: boolean;

  constructor(action: string, result: GitResult, damage: boolean) {
    super(action);
    this.action = action;
    this.result = result;
    this.damage = damage;
  }

  toAgentError(git: RepositoryGit): Error {
    return git.error(this.action, this.result);
  }
}

async function cloneAndCheckOut(job: MirrorJob, folder: string): Promise<FoundRevision> {
  const { git, mirror } = job;
  const found = await withRevision(job, async (revision) => {
    await cloneLocally(git, mirror, folder);
    return revision;
  });
  if (found.commit !== undefined) await checkout(git, mirror, { folder, commit: found.commit });
  return found;
}

async function cloneLocally(git: RepositoryGit, mirror: Mirror, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  // For a path git links the objects, and copies them on another file system; --local would insist on links.
  const args = ['clone', '--no-checkout', '--', mirror.folder, folder];
  const cloned = await git.run(args, { cwd: path.dirname(folder) });
  if (cloned.exitCode !== 0) {
    throw new LocalFailure('cannot copy the mirror of', cloned, failureKind(cloned) !== 'disk-full');
  }
  await setOrigin(git, mirror, folder);
}

/** Git writes an address of these characters without quotes. */
const PLAIN = /^[\w./:@~+%=,-]+$/;

/** The clone is not in use yet, so its file is changed in place, where it is as git writes it: a process less for each task. */
async function setOrigin(git: RepositoryGit, mirror: Mirror, folder: string): Promise<void> {
  const file = path.join(folder, '.git', 'config');
  const text = (await readTextIfThere(file)) ?? '';
  const origin = originSection(mirror.folder);
  if (PLAIN.test(git.shownUrl) && text.includes(origin))
    return writeFile(
      file,
      text.replace(origin, () => originSection(git.shownUrl)),
    );
  const args = ['remote', 'set-url', '--', 'origin', git.shownUrl];
  await git.must(args, { cwd: folder }, 'cannot set up the clone of');
}

async function checkout(
  git: RepositoryGit,
  mirror: Mirror,
  { folder, commit }: { folder: string; commit: string },
): Promise<void> {
  const lfs = await lfsFilter(git, mirror);
  const env = git.configured(lfs.configuration, lfs.env);
  const result = await git.run(['checkout', '--force', '--detach', commit], { cwd: folder, env });
  if (result.exitCode !== 0) {
    throw new LocalFailure('cannot check out', result, failureKind(result) === 'damaged');
  }
  if (lfs.missing && (await exists(path.join(folder, '.gitattributes')))) await warnOfPointers(git, folder);
}
