import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentError } from '../errors.js';
import { pathInside } from '../os/inside-tree.js';
import { cleanUrl, formatGitUrl, type GitUrl } from './git-url.js';
import type { RepositorySettings } from './settings.js';

/**
 * Whether a task may name a repository of this machine.
 *
 * @param url a local one, `~` resolved
 * @throws AgentError REPOSITORY_CLONE
 */
export function checkLocalFolder(url: GitUrl, { localFolders }: RepositorySettings): void {
  if (localFolders === undefined) return;
  const folder = folderOf(url);
  const allowed = localFolders.filter((one) => existsSync(one));
  if (path.isAbsolute(folder) && allowed.some((one) => pathInside(one, folder) !== undefined)) return;
  throw new AgentError(
    'REPOSITORY_CLONE',
    `the repository ${formatGitUrl(cleanUrl(url))} is a path on the machine of the agent, which a task in a container may not read`,
    {
      hint: 'Give the repository an address that a server answers, or let the operator list its folder in agent.git.local_repositories.',
    },
  );
}

function folderOf(url: GitUrl): string {
  if (url.form === 'local') return url.path;
  try {
    return fileURLToPath(`file://${url.path}`);
  } catch {
    return '';
  }
}
