import path from 'node:path';
import { exists } from '../os/files.js';
import { isLocal } from './git-url.js';
import type { Mirror } from './mirror.js';
import { isInPath, type RepositoryGit } from './repository-git.js';

/** How files that are kept in git LFS come into a work tree. */
export interface LfsFilter {
  /** Entries of git's configuration for the commands that write files. */
  configuration: [key: string, value: string][];
  env: Record<string, string>;
  /** True when files of LFS stay small pointer files although LFS is not switched off. */
  missing: boolean;
}

const ATTRIBUTES = ':(glob)**/.gitattributes';

/**
 * git only starts the filter when an attribute of a file names it, so offering it costs nothing. The files are
 * kept beside the mirror, so that the next task needs no network for them; those of a repository on this machine are
 * taken from there.
 */
export async function lfsFilter(git: RepositoryGit, mirror: Mirror): Promise<LfsFilter> {
  const { settings, env } = git.context;
  if (!settings.lfs) return { configuration: [], env: { GIT_LFS_SKIP_SMUDGE: '1' }, missing: false };
  if (!(await isInPath('git-lfs', env))) return { configuration: [], env: {}, missing: true };
  const configuration: LfsFilter['configuration'] = [
    ['filter.lfs.process', 'git-lfs filter-process'],
    ['filter.lfs.smudge', 'git-lfs smudge -- %f'],
    ['filter.lfs.clean', 'git-lfs clean -- %f'],
    ['filter.lfs.required', 'true'],
    // git-lfs would take the folder for that of a repository on this machine as well, and find nothing there.
    ...(isLocal(git.url)
      ? []
      : [['lfs.storage', path.join(mirror.folder, 'lfs')] satisfies [string, string]]),
  ];
  return { configuration, env: {}, missing: false };
}

/** Whether a work tree describes its files, as one with files of LFS does. */
export function hasAttributes(root: string): Promise<boolean> {
  return exists(path.join(root, '.gitattributes'));
}

/** Says so when files stay pointers because git-lfs is not installed. */
export async function warnOfPointers(git: RepositoryGit, root: string): Promise<void> {
  const found = await git.run(['grep', '--cached', '-l', 'filter=lfs', '--', ATTRIBUTES], { cwd: root });
  if (found.exitCode !== 0 || found.stdout.trim() === '') return;
  git.context.reporter.line(
    `${git.shownUrl} keeps files in git LFS and git-lfs is not installed: they stay pointer files (${found.stdout.trim().split('\n')[0]})`,
    'WARNING',
  );
}
