import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readTextIfThere } from '../os/files.js';
import type { GitResult } from './git.js';
import { failureKind } from './git-failure.js';
import { lfsFilter } from './lfs.js';
import { type Mirror, originSection } from './mirror.js';
import type { RepositoryGit } from './repository-git.js';

/** A command on this machine failed; `damage` when a new mirror may help. */
export class LocalFailure extends Error {
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

/** @throws LocalFailure */
export async function cloneLocally(git: RepositoryGit, mirror: Mirror, folder: string): Promise<void> {
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

/**
 * @returns whether files of LFS stay pointers although LFS is not switched off
 * @throws LocalFailure
 */
export async function checkOutCommit(
  git: RepositoryGit,
  mirror: Mirror,
  { folder, commit }: { folder: string; commit: string },
): Promise<boolean> {
  const lfs = await lfsFilter(git, mirror);
  const env = git.configured(lfs.configuration, lfs.env);
  const result = await git.run(['checkout', '--force', '--detach', commit], { cwd: folder, env });
  if (result.exitCode !== 0) {
    throw new LocalFailure('cannot check out', result, failureKind(result) === 'damaged');
  }
  return lfs.missing;
}
