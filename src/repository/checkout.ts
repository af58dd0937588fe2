import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { TaskScript } from '../api/task-record.js';
import { AgentError, causeLine } from '../errors.js';
import { ensureFolder } from '../os/files.js';
import { expandHome } from '../os/paths.js';
import { secretsFor } from './git-environment.js';
import { type GitUrl, isLocal, parseGitUrl, repositoryName } from './git-url.js';
import { checkLocalFolder } from './local-folders.js';
import { collectMirrors, inTemporaryCache } from './mirror-collection.js';
import { mirrorJob, withRevision } from './mirror-update.js';
import { type GitContext, RepositoryGit } from './repository-git.js';
import { checkName, wantedRevision } from './revision.js';
import { isSpareWorthwhile, keepSpareTree } from './spare-tree.js';
import { makeWorkTree } from './work-tree.js';

export interface CheckoutRequest extends GitContext {
  script: Pick<TaskScript, 'repository' | 'branch' | 'tag' | 'version_num' | 'working_dir'>;
  /** The code is put into `<workspace>/task_repository/<name>`. */
  workspace: string;
  /** Called with every password and token before it is used, so that no log shows it. */
  onSecret?: (secret: string) => void;
  /** When the task was taken, milliseconds since 1970: what was fetched later is new enough. Now, when absent. */
  since?: number;
}

/** The code of a task, as it was put on this machine. */
export interface CheckedOut {
  /** Top folder of the work tree. */
  root: string;
  /** `undefined` in a repository without commits and in a folder that is no work tree. */
  commit: string | undefined;
  /** The branch that was checked out, when the task did not name a commit or tag. */
  branch: string | undefined;
  /** `<root>/<working_dir>`, whether it is there or not. */
  workingFolder: string;
  /** Address of the repository without secrets. */
  url: string;
  /** The code was there before (`CLEARML_AGENT_FORCE_CODE_DIR`): no changes are to be applied to it. */
  forced: boolean;
  /** Makes the next checkout of the same commit faster, where that can be done. */
  tend?(signal: AbortSignal): Promise<void>;
}

/**
 * Puts the code of a task into its workspace. Any number of tasks and agents may do so at once.
 *
 * @throws AgentError REPOSITORY_CLONE, REPOSITORY_REVISION, DISK_FULL, LOCK_TIMEOUT, TASK_INVALID
 */
export async function checkoutRepository(request: CheckoutRequest): Promise<CheckedOut> {
  // Taken before anything is waited for: tasks that ask at once share one fetch.
  const { settings, since: asked = Date.now() } = request;
  if (settings.forcedCodeFolder !== undefined) return forcedCode(request, settings.forcedCodeFolder);
  const url = repositoryUrl(request);
  const parent = path.join(request.workspace, 'task_repository');
  await ensureFolder(parent);
  const root = path.join(parent, repositoryName(url));
  if (!settings.cache.enabled) {
    return inTemporaryCache(parent, (cacheFolder) => fill({ ...request, cacheFolder }, { url, root, asked }));
  }
  const checkedOut = await fill(request, { url, root, asked });
  await collect(request);
  return checkedOut;
}

/**
 * Brings the mirror up to date for a checkout that cannot begin yet and is given the same `since`.
 *
 * @throws AgentError as the checkout does
 */
export async function fetchAhead(request: CheckoutRequest): Promise<void> {
  const { settings, script, since } = request;
  if (settings.forcedCodeFolder !== undefined || !settings.cache.enabled) return;
  const git = await RepositoryGit.open(request, repositoryUrl(request));
  await withRevision(mirrorJob(git, wantedRevision(script), since), async () => undefined);
}

/** @throws AgentError TASK_INVALID */
function repositoryUrl({ script, settings, home, onSecret }: CheckoutRequest): GitUrl {
  const address = script.repository?.trim();
  if (!address) throw new AgentError('TASK_INVALID', 'the task names no repository');
  checkName('repository', address);
  for (const secret of secretsFor([address], settings)) onSecret?.(secret);
  const url = parseGitUrl(address);
  if (!isLocal(url)) return url;
  const here = parseGitUrl(expandHome(address, home));
  checkLocalFolder(here, settings);
  return here;
}

/** Mirrors over the limits are no reason to stop the task, and neither is a failure to remove them. */
async function collect({ cacheFolder, settings, reporter, signal }: CheckoutRequest): Promise<void> {
  try {
    const removed = await collectMirrors({ cacheFolder, limits: settings.cache, signal });
    for (const { url, reason } of removed) {
      reporter.line(
        `mirror of ${url} removed: ${reason === 'age' ? 'not used for long' : 'the cache is too large'}`,
      );
    }
  } catch (error) {
    signal.throwIfAborted();
    reporter.line(`mirrors cannot be collected: ${causeLine(error)}`, 'WARNING');
  }
}

async function fill(
  request: CheckoutRequest,
  { url, root, asked }: { url: GitUrl; root: string; asked: number },
): Promise<CheckedOut> {
  const git = await RepositoryGit.open(request, url);
  const job = mirrorJob(git, wantedRevision(request.script), asked);
  const tree = await makeWorkTree(job, root);
  if (tree.commit === undefined) request.reporter.line(`${git.shownUrl} is an empty repository`, 'WARNING');
  const workingFolder = workingFolderOf(root, request);
  const { commit, branch } = tree;
  for (const [name, value] of Object.entries({ url: git.shownUrl, branch, commit, root })) {
    if (value !== undefined) request.reporter.line(`${name}: ${value}`);
  }
  const checkedOut = { root, commit, branch, workingFolder, url: git.shownUrl, forced: false };
  if (commit === undefined || !request.settings.cache.enabled) return checkedOut;
  const worthwhile = isSpareWorthwhile(job, root);
  return {
    ...checkedOut,
    tend: async (signal) => {
      if (await worthwhile) await keepSpareTree(job, commit, signal);
    },
  };
}

/** `CLEARML_AGENT_FORCE_CODE_DIR`: the code is already there; it is neither cloned nor changed. */
async function forcedCode(request: CheckoutRequest, folder: string): Promise<CheckedOut> {
  const root = path.resolve(expandHome(folder, request.home));
  const name = 'CLEARML_AGENT_FORCE_CODE_DIR';
  if (!(await isFolder(root))) {
    throw new AgentError('TASK_INVALID', `${name} names ${root}, which is not a folder`);
  }
  const git = await RepositoryGit.open(request, parseGitUrl(request.script.repository ?? ''));
  const head = await git.run(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd: root });
  const workingFolder = workingFolderOf(root, request);
  request.reporter.line(`using the code in ${root} (${name})`);
  const commit = head.exitCode === 0 ? head.stdout.trim() : undefined;
  return { root, commit, branch: undefined, workingFolder, url: git.shownUrl, forced: true };
}

/**
 * To be called when the changes of the task are in, since they may make the folder.
 *
 * @param where the repository, for the error
 * @throws AgentError TASK_INVALID
 */
export async function checkWorkingFolder(folder: string, workingDir: string, where: string): Promise<void> {
  if (await isFolder(folder)) return;
  throw new AgentError(
    'TASK_INVALID',
    `the working directory ${workingDir} of the task is not a folder of ${where}`,
    {
      hint: workingDir.includes('\\')
        ? 'It is written with backslashes; write it with slashes.'
        : 'Correct the working directory of the task.',
    },
  );
}

function workingFolderOf(root: string, { script }: CheckoutRequest): string {
  return path.resolve(root, script.working_dir?.trim() || '.');
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
