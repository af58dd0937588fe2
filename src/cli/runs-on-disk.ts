import { stat } from 'node:fs/promises';
import path from 'node:path';
import { foldersOfRuns } from '../daemon/runs/single-runs.js';
import { lockHolder } from '../os/lock.js';
import { taskOfRunFolder } from '../os/paths.js';
import { runLock } from '../runs/folders.js';
import { Journal } from '../runs/journal.js';
import { workerLock, workerName } from '../runs/registry.js';

/** A run whose folder is on this machine: it runs, or the server lacks something of it. */
export interface RunOnDisk {
  task: string;
  worker: string;
  folder: string;
}

/** The runs of all workers of this user, the newest attempt of each task at each worker. */
export async function runsOnDisk(state: string): Promise<RunOnDisk[]> {
  const found = await Promise.all((await foldersOfRuns(state)).map(describe));
  const newest = new Map<string, RunOnDisk & { made: number }>();
  for (const run of found.toSorted((a, b) => a.made - b.made)) newest.set(run.task, run);
  return [...newest.values()].map(({ task, worker, folder }) => ({ task, worker, folder }));
}

async function describe(folder: string): Promise<RunOnDisk & { made: number }> {
  const state = await Journal.read(folder);
  const facts = await stat(folder).catch(() => undefined);
  return {
    task: state?.task ?? taskOfRunFolder(folder) ?? path.basename(folder),
    worker: await workerName(workerFolderOf(folder)),
    folder,
    made: facts?.mtimeMs ?? 0,
  };
}

function workerFolderOf(runFolder: string): string {
  return path.dirname(path.dirname(runFolder));
}

/** How a run stands; `left` when no agent looks after it now and a later one resumes it. */
export async function standingOf(folder: string): Promise<'running' | 'ended' | 'gone' | 'left'> {
  if ((await stat(folder).catch(() => undefined)) === undefined) return 'gone';
  const last = (await Journal.read(folder))?.last;
  if (last === 'ended' || last === 'reported') return 'ended';
  const locks = [workerLock(workerFolderOf(folder)), runLock(folder)];
  const holders = await Promise.all(locks.map((lock) => lockHolder(lock).catch(() => undefined)));
  return holders.some((holder) => holder !== undefined) ? 'running' : 'left';
}
