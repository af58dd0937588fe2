import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../errors.js';
import { inMirror, type Mirror } from './mirror.js';
import type { RepositoryGit } from './repository-git.js';
import { branchOfRef, candidates, describeRevision, type Revision } from './revision.js';

/** One need of one task: a revision of a repository. */
export interface MirrorJob {
  git: RepositoryGit;
  mirror: Mirror;
  revision: Revision;
  /** Milliseconds since 1970. A fetch that began later need not be repeated for this job. */
  since: number;
  /** Do not trust the mirror that is there. */
  rebuild?: boolean;
}

/** A revision as it was found. */
export interface FoundRevision {
  /** `undefined` in a repository without any commit. */
  commit: string | undefined;
  /** The branch that the revision names. */
  branch: string | undefined;
}

/** A repository without commits can be checked out when nothing of it is asked for. */
export async function isEmptyDefault({ git, mirror, revision }: MirrorJob): Promise<boolean> {
  if (revision.kind !== 'default' || (await inMirrorIfThere(mirror)) === undefined) return false;
  const refs = await git.run(['for-each-ref', '--count=1', 'refs/heads', 'refs/tags'], inMirror(mirror));
  return refs.exitCode === 0 && refs.stdout.trim() === '';
}

/** The branch that the remote's HEAD names, as the mirror follows it. */
async function defaultBranch({ git, mirror }: MirrorJob): Promise<string | undefined> {
  const head = await git.run(['symbolic-ref', '--short', '--quiet', 'HEAD'], inMirror(mirror));
  return head.stdout.trim() || undefined;
}

/** The error for a revision that is nowhere to be found. */
export async function revisionError({ git, mirror, revision }: MirrorJob): Promise<AgentError> {
  const { settings } = git.context;
  if (settings.standalone) {
    return new AgentError(
      'REPOSITORY_CLONE',
      `${describeRevision(revision)} of ${git.shownUrl} is not in the cache of this machine, and stand-alone mode fetches nothing`,
    );
  }
  const what = `${describeRevision(revision)} does not exist in ${git.shownUrl}`;
  if (revision.kind === 'commit') {
    return new AgentError('REPOSITORY_REVISION', what, {
      hint: 'Push the commit, or clear the commit of the task to run the last one of its branch.',
    });
  }
  const listed = await git.run(
    [
      'for-each-ref',
      '--format=%(refname:short)',
      '--sort=-creatordate',
      '--count=10',
      revision.kind === 'tag' ? 'refs/tags' : 'refs/heads',
    ],
    inMirror(mirror),
  );
  const names = listed.stdout
    .trim()
    .split('\n')
    .filter((name) => name !== '')
    .join(', ');
  return new AgentError('REPOSITORY_REVISION', what, {
    hint: names === '' ? 'It has none.' : `The latest are: ${names}.`,
  });
}

/** The first of a revision's names that the mirror has. */
export async function findRevision(job: MirrorJob): Promise<FoundRevision | undefined> {
  const { git, mirror, revision } = job;
  const place = await inMirrorIfThere(mirror);
  if (place === undefined) return undefined;
  const names = candidates(revision);
  const { stdout } = await git.run(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    ...place,
    input: names.map((name) => `${name}^{commit}\n`).join(''),
  });
  // One line for each name, in their order.
  const found = stdout.split('\n').map((line) => /^([0-9a-f]{40,64}) commit$/.exec(line)?.[1]);
  const at = found.findIndex((commit) => commit !== undefined);
  if (at === -1) return undefined;
  const branch = revision.kind === 'default' ? await defaultBranch(job) : branchOfRef(names[at] ?? '');
  return { commit: found[at], branch };
}

/** Where commands of a mirror run; `undefined` when there is no mirror. */
export async function inMirrorIfThere(mirror: Mirror): Promise<ReturnType<typeof inMirror> | undefined> {
  const head = await stat(path.join(mirror.folder, 'HEAD')).catch(() => undefined);
  return head === undefined ? undefined : inMirror(mirror);
}
