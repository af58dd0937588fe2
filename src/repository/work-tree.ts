import { hasAttributes, warnOfPointers } from './lfs.js';
import { checkOutCommit, cloneLocally, LocalFailure } from './local-clone.js';
import type { FoundRevision, MirrorJob } from './mirror-revision.js';
import { withRevision } from './mirror-update.js';
import { takeSpareTree } from './spare-tree.js';
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

async function cloneAndCheckOut(job: MirrorJob, folder: string): Promise<FoundRevision> {
  const { git, mirror } = job;
  let isReady = false;
  const found = await withRevision(job, async (revision) => {
    isReady = await takeSpareTree(job, revision.commit, folder);
    if (!isReady) await cloneLocally(git, mirror, folder);
    return revision;
  });
  if (found.commit === undefined || isReady) return found;
  const arePointers = await checkOutCommit(git, mirror, { folder, commit: found.commit });
  if (arePointers && (await hasAttributes(folder))) await warnOfPointers(git, folder);
  return found;
}
