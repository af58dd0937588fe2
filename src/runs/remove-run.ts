import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { isAgentError } from '../errors.js';
import { ensureFolder, isMissing } from '../os/files.js';
import { withLock } from '../os/lock.js';
import { isAlive } from '../os/processes.js';
import { Journal } from './journal.js';
import type { KeptRun } from './kept-runs.js';
import { workerLock } from './registry.js';
import { ownHold } from './run-hold.js';

/**
 * Removes the rest of a run. Its worker's lock is held while it is decided and moved out of sight, so that no
 * agent begins with it; the files are deleted after that.
 *
 * @param undelivered whether what the server lacks may be lost
 * @returns why it stays after all
 */
export async function removeRun(run: KeptRun, undelivered: boolean): Promise<string | undefined> {
  const lock = { timeoutMs: 0, what: `the worker ${run.worker}` };
  try {
    const outcome = await withLock(workerLock(run.workerFolder), lock, () => moveAway(run, undelivered));
    if ('why' in outcome) return outcome.why;
    for (const trash of outcome.trash) await emptyTrash(trash);
    return undefined;
  } catch (error) {
    if (isAgentError(error, 'LOCK_TIMEOUT')) return 'its agent was started meanwhile';
    throw error;
  }
}

async function moveAway(
  run: KeptRun,
  undelivered: boolean,
): Promise<{ why: string } | { trash: readonly string[] }> {
  const { runFolder, workspace, workerFolder } = run;
  const state = runFolder === undefined ? undefined : await Journal.read(runFolder);
  const hold = await ownHold({ ...run, state });
  if (hold !== undefined && (hold.inUse || !undelivered)) return { why: hold.why };
  const places = [
    { folder: workspace, trash: path.join(path.dirname(workspace), TRASH) },
    ...(runFolder === undefined ? [] : [{ folder: runFolder, trash: path.join(workerFolder, TRASH) }]),
  ];
  for (const { folder, trash } of places) await toTrash(folder, trash);
  return { trash: places.map(({ trash }) => trash) };
}

/** On the same disk as what is removed, so that moving is one step. Entries begin with the id of a process. */
const TRASH = '.removed';

async function toTrash(folder: string, trash: string): Promise<void> {
  await ensureFolder(trash);
  try {
    await rename(folder, path.join(trash, `${process.pid}.${randomBytes(4).toString('hex')}`));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Also of what a process left that was ended in the middle of this. */
async function emptyTrash(trash: string): Promise<void> {
  for (const name of await readdir(trash)) {
    const pid = Number.parseInt(name, 10);
    if (pid !== process.pid && (await isAlive(pid))) continue;
    await rm(path.join(trash, name), { recursive: true, force: true });
  }
  await rmdir(trash).catch(() => undefined);
}
