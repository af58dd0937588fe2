import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../errors.js';
import { ensureFolder } from '../os/files.js';
import { isLocal, parseGitUrl } from './git-url.js';
import { checkLocalFolder } from './local-folders.js';
import type { FoundRevision, MirrorJob } from './mirror-revision.js';
import { mirrorJob } from './mirror-update.js';
import { RepositoryGit } from './repository-git.js';

interface Submodule {
  /** Relative to the work tree that it belongs to. */
  path: string;
  url: string;
  commit: string;
}

interface Filling {
  /** How many work trees are around this one. */
  depth: number;
  /** Makes the work tree of one submodule, and what is in it. */
  fill: FillSubmodule;
}

export type FillSubmodule = (job: MirrorJob, folder: string, depth: number) => Promise<FoundRevision>;

/** Submodules nested deeper than this are taken for a circle. */
const DEEPEST = 10;

/**
 * Fills the submodules of a work tree, and theirs. Each comes from a mirror of its own, with the credentials for
 * its own host, and ends up as `git submodule update` leaves it.
 */
export async function fillSubmodules(
  git: RepositoryGit,
  root: string,
  { depth, fill }: Filling,
): Promise<void> {
  if (!(await stat(path.join(root, '.gitmodules')).catch(() => undefined))) return;
  if (depth > DEEPEST)
    throw new AgentError('REPOSITORY_CLONE', `submodules of ${git.shownUrl} are nested too deeply`);
  const commits = await describedCommits(git, root);
  if (commits.size === 0) return;
  await git.must(
    ['submodule', 'init', '--', ...commits.keys()],
    { cwd: root, env: LITERAL },
    'cannot read the submodules of',
  );
  const submodules = await listSubmodules(git, root, commits);
  for (const submodule of submodules) {
    const folder = await insideOf(root, submodule);
    await fill(await submoduleJob(git, submodule), folder, depth + 1);
  }
  if (submodules.length === 0) return;
  const paths = submodules.map(({ path: where }) => where);
  await git.must(
    ['submodule', 'absorbgitdirs', '--', ...paths],
    { cwd: root, env: LITERAL },
    'cannot set up the submodules of',
  );
}

/** Folders of submodules are named as they are, without wildcards. */
const LITERAL = { GIT_LITERAL_PATHSPECS: '1' };

/**
 * Commits of the submodules by their folders, for those that `.gitmodules` describes. git refuses all of them because
 * of one that it does not describe, such as a clone inside the work tree that was committed by accident.
 */
async function describedCommits(git: RepositoryGit, root: string): Promise<ReadonlyMap<string, string>> {
  const paths = await settings(git, root, [
    '--file',
    '.gitmodules',
    '--get-regexp',
    '^submodule\\..*\\.path$',
  ]);
  const urls = await settings(git, root, ['--file', '.gitmodules', '--get-regexp', '^submodule\\..*\\.url$']);
  const described = new Set([...paths].filter(([name]) => urls.has(name)).map(([, where]) => where));
  const pinned = await pinnedCommits(git, root);
  const stray = [...pinned.keys()].filter((where) => !described.has(where));
  for (const where of stray) {
    git.context.reporter.line(
      `${where} is a link to a commit of another repository that .gitmodules does not describe: it stays empty`,
      'WARNING',
    );
  }
  return new Map([...pinned].filter(([where]) => described.has(where)));
}

async function settings(
  git: RepositoryGit,
  root: string,
  args: readonly string[],
): Promise<Map<string, string>> {
  return readSettings((await git.run(['config', '-z', ...args], { cwd: root })).stdout);
}

/** A link in the work tree may not lead the submodule, whose folder is emptied first, out of it. */
async function insideOf(root: string, submodule: Submodule): Promise<string> {
  const folder = path.join(root, submodule.path);
  await ensureFolder(path.dirname(folder));
  const parent = await realpath(path.dirname(folder));
  const top = await realpath(root);
  if (parent === top || parent.startsWith(`${top}${path.sep}`)) return folder;
  throw new AgentError(
    'REPOSITORY_CLONE',
    `submodule ${submodule.path} would be put outside of the work tree`,
  );
}

async function submoduleJob(parent: RepositoryGit, submodule: Submodule): Promise<MirrorJob> {
  const url = parseGitUrl(submodule.url);
  if (isLocal(url) && !isLocal(parent.url)) throw foreignPath(parent, submodule);
  if (isLocal(url)) checkLocalFolder(url, parent.context.settings);
  parent.context.reporter.line(`submodule ${submodule.path}: ${submodule.url} at ${submodule.commit}`);
  return mirrorJob(await RepositoryGit.open(parent.context, url), { kind: 'commit', name: submodule.commit });
}

/** A repository from elsewhere may not name folders of this machine. */
function foreignPath(parent: RepositoryGit, submodule: Submodule): AgentError {
  return new AgentError(
    'REPOSITORY_CLONE',
    `submodule ${submodule.path} of ${parent.shownUrl} has the address ${submodule.url}, a path on the machine of the agent`,
    { hint: 'Give the submodule an address that a server answers, or set agent.git.submodules to false.' },
  );
}

/** Those that are active, with addresses made absolute by git. */
async function listSubmodules(
  git: RepositoryGit,
  root: string,
  commits: ReadonlyMap<string, string>,
): Promise<Submodule[]> {
  const urls = await settings(git, root, ['--local', '--get-regexp', '^submodule\\..*\\.url$']);
  const paths = await settings(git, root, [
    '--file',
    '.gitmodules',
    '--get-regexp',
    '^submodule\\..*\\.path$',
  ]);
  const updates = await settings(git, root, ['--get-regexp', '^submodule\\..*\\.update$']);
  return [...paths].flatMap(([name, where]) => {
    const url = urls.get(name);
    const commit = commits.get(where);
    return url === undefined || commit === undefined || updates.get(name) === 'none'
      ? []
      : [{ path: where, url, commit }];
  });
}

/** `submodule.<name>.<field>` LF value NUL. A name may hold dots. */
function readSettings(output: string): Map<string, string> {
  const entries = output.split('\0').filter((entry) => entry !== '');
  return new Map(
    entries.map((entry): [string, string] => {
      const end = entry.indexOf('\n');
      const key = end === -1 ? entry : entry.slice(0, end);
      return [key.slice('submodule.'.length, key.lastIndexOf('.')), end === -1 ? '' : entry.slice(end + 1)];
    }),
  );
}

async function pinnedCommits(git: RepositoryGit, root: string): Promise<Map<string, string>> {
  const listed = await git.must(
    ['ls-files', '--stage', '-z'],
    { cwd: root },
    'cannot read the submodules of',
  );
  const entries = listed.matchAll(/160000 ([0-9a-f]+) \d\t([^\0]+)\0/g);
  return new Map([...entries].map(([, commit = '', where = '']) => [where, commit]));
}
