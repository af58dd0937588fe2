import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/config.js';
import { diskUsage } from '../os/disk-usage.js';
import { Journal, type RunState } from './journal.js';
import { workerName } from './registry.js';
import { type RunHold, runHold } from './run-hold.js';
import { keptWorkspace, workspaceOf } from './workspace.js';

/** What one run has on this machine: its log and output, its code and packages. */
export interface KeptRun {
  worker: string;
  workerFolder: string;
  task: string;
  /** `undefined` where only the workspace of a failed run is left. */
  runFolder: string | undefined;
  workspace: string;
  bytes: number;
  lastUsed: Date;
  /** Why it has to stay. */
  hold: RunHold | undefined;
}

export interface KeptRunsQuery {
  /** State folder of the agents of this user. */
  state: string;
  config: Config;
  home: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** The runs of all workers of this machine, the last used first. */
export async function listKeptRuns(query: KeptRunsQuery): Promise<KeptRun[]> {
  const workers = path.join(query.state, 'workers');
  const lists = await Promise.all(
    (await namesIn(workers)).map((name) => runsOfWorker(query, path.join(workers, name))),
  );
  return lists.flat().sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

async function runsOfWorker(query: KeptRunsQuery, workerFolder: string): Promise<KeptRun[]> {
  const worker = await workerName(workerFolder);
  const folders = (await namesIn(path.join(workerFolder, 'runs'))).map((name) =>
    path.join(workerFolder, 'runs', name),
  );
  const runs = await Promise.all(
    folders.map((folder) => describeRun(query, { worker, workerFolder, folder })),
  );
  const kept = await describeWorkspace(query, { worker, workerFolder });
  const own = runs.filter((run) => run !== undefined);
  return kept === undefined || own.some(({ workspace }) => workspace === kept.workspace)
    ? own
    : [...own, kept];
}

async function describeRun(
  query: KeptRunsQuery,
  { worker, workerFolder, folder }: { worker: string; workerFolder: string; folder: string },
): Promise<KeptRun | undefined> {
  const lastUsed = await lastChange(folder);
  if (lastUsed === undefined) return undefined;
  const state: RunState | undefined = await Journal.read(folder);
  const workspace = workspaceOf(query, folder);
  return {
    worker,
    workerFolder,
    task: state?.task ?? taskInName(folder),
    runFolder: folder,
    workspace,
    bytes: (await diskUsage(folder, query.env)) + (await diskUsage(workspace, query.env)),
    lastUsed,
    hold: await runHold({ workerFolder, runFolder: folder, state, lastUsed }),
  };
}

async function describeWorkspace(
  { env }: KeptRunsQuery,
  { worker, workerFolder }: { worker: string; workerFolder: string },
): Promise<KeptRun | undefined> {
  const workspace = await keptWorkspace(workerFolder);
  const facts = workspace === undefined ? undefined : await stat(workspace).catch(() => undefined);
  if (workspace === undefined || facts === undefined) return undefined;
  return {
    worker,
    workerFolder,
    task: taskInName(workspace),
    runFolder: undefined,
    workspace,
    bytes: await diskUsage(workspace, env),
    lastUsed: facts.mtime,
    hold: await runHold({ workerFolder, runFolder: undefined, state: undefined, lastUsed: facts.mtime }),
  };
}

/** The journal's time: the folder's own does not change while the run continues. */
async function lastChange(runFolder: string): Promise<Date | undefined> {
  const files = [runFolder, ...(await namesIn(runFolder)).map((name) => path.join(runFolder, name))];
  const times = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return times[0] === 0 ? undefined : new Date(Math.max(...times));
}

/** `<task>-<hash>.<attempt>`, for a workspace followed by `.<worker>`. */
function taskInName(folder: string): string {
  return path.basename(folder).replace(/-[0-9a-f]{10}\.\d+(\.[0-9a-f]{8})?$/, '');
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
