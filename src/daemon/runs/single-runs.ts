import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { livingProcesses } from '../../drivers/registry.js';
import { isAgentError } from '../../errors.js';
import { acquireLock, lockHolder, type Release } from '../../os/lock.js';
import { RunFolders, runLock } from '../../runs/folders.js';
import { Journal, type RunState, type SingleRun } from '../../runs/journal.js';
import { noteLaunched } from '../../runs/note-launched.js';
import type { AgentContext, RunSignals } from '../../task/context.js';
import { noteReported } from '../../task/note-end.js';
import { type RunResult, resumeTask } from '../../task/run.js';
import { finish } from '../../task/settle.js';
import type { TaskRun } from '../../task/task-run.js';
import { carryOut, openRun } from './manage-run.js';

/** A run of an `agent execute` that is gone, held by this process. */
export interface LeftSingleRun {
  task: string;
  folder: string;
  journal: Journal;
  /** Brings it to its end on the server; a command that is still running is watched to its end. */
  carry(run: TaskRun): Promise<RunResult>;
  release: Release;
}

export interface SingleRunsQuery {
  /** State folder of the agents of this user. */
  state: string;
  /** Address of the API server that the run belongs to. */
  server: string;
  /** Whether commands that are still running are wanted, too. */
  withRunning: boolean;
}

/**
 * Takes the runs that an `agent execute` began and could not report: it was killed, or stopped while the server
 * was away. No process gets that worker id again, so whichever agent comes next takes them.
 */
export async function takeSingleRuns(ctx: AgentContext, query: SingleRunsQuery): Promise<LeftSingleRun[]> {
  const found: LeftSingleRun[] = [];
  for (const folder of await foldersOfRuns(query.state)) {
    if ((await lockHolder(runLock(folder))) !== undefined) continue;
    const state = await Journal.read(folder).catch(() => undefined);
    if (!(await isWanted(ctx, state, query))) continue;
    const taken = await take(ctx, folder);
    if (taken !== undefined) found.push(taken);
  }
  return found;
}

/** For an agent with a task of its own: reports what is over, and leaves the rest to a daemon. */
export async function settleSingleRuns(
  ctx: AgentContext,
  query: Omit<SingleRunsQuery, 'withRunning'>,
  signals: RunSignals,
): Promise<void> {
  for (const left of await takeSingleRuns(ctx, { ...query, withRunning: false })) {
    const { task, folder, journal } = left;
    const quiet = { ...ctx, logger: ctx.logger.child({ silent: true }) };
    const run = await openRun(quiet, { task, queue: undefined, folder, journal, signals });
    await carryOut(run, new RunFolders(path.dirname(path.dirname(folder))), left.carry);
  }
}

async function isWanted(
  { drivers }: AgentContext,
  state: RunState | undefined,
  { server, withRunning }: SingleRunsQuery,
): Promise<boolean> {
  if (state?.single?.server !== server || state.last === 'reported') return false;
  const { end, place } = state;
  if (place !== undefined && !drivers.has(place.kind)) return false;
  if (withRunning || end !== undefined) return true;
  return (await livingProcesses(state))?.length === 0;
}

async function take(ctx: AgentContext, folder: string): Promise<LeftSingleRun | undefined> {
  const release = await lockIfFree(folder);
  if (release === undefined) return undefined;
  const journal = await Journal.open(folder);
  const letGoOfBoth = async () => {
    await journal.close();
    await release();
  };
  const state = await noteLaunched(ctx, journal).catch(async (error: unknown) => {
    await letGoOfBoth();
    throw error;
  });
  if (state?.single === undefined) {
    await letGoOfBoth();
    return undefined;
  }
  const { task, single } = state;
  // Asked before this agent reports the task as its own.
  const isIts = await isStillIts(ctx, task, single).catch(async (error: unknown) => {
    await letGoOfBoth();
    throw error;
  });
  const carry = async (run: TaskRun) => {
    try {
      return isIts ? await settleLeft(run, state) : await letGo(run);
    } finally {
      await release();
    }
  };
  return { task, folder, journal, carry, release };
}

async function lockIfFree(folder: string): Promise<Release | undefined> {
  try {
    return await acquireLock(runLock(folder), { timeoutMs: 0, what: `the run in ${folder}` });
  } catch (error) {
    if (isAgentError(error, 'LOCK_TIMEOUT')) return undefined;
    throw error;
  }
}

async function letGo({ ctx, task, log, journal }: TaskRun): Promise<RunResult> {
  await log.detach();
  await noteReported(journal);
  ctx.logger.info(`task ${task}: what an earlier "agent execute" left of it is removed`);
  return { call: undefined, status_reason: '', logText: '', exitStatus: 1 };
}

async function settleLeft(run: TaskRun, state: RunState): Promise<RunResult> {
  const { ctx, task } = run;
  ctx.logger.info(`task ${task}: an earlier "agent execute" left it unreported; this agent settles it`);
  return state.end ? finish(run, state.end) : resumeTask(run, state);
}

/** Meanwhile a user may have reset the task and another agent may run it. */
async function isStillIts(
  { tasks, workerId }: AgentContext,
  task: string,
  { worker }: SingleRun,
): Promise<boolean> {
  const [found] = await tasks.getAll({
    id: [task],
    only_fields: ['id', 'status', 'last_worker'],
    search_hidden: true,
  });
  // This agent's own id: it took the run before, and was ended.
  return found?.status === 'in_progress' && [worker, workerId].includes(found.last_worker ?? worker);
}

/** Folders of the runs of all workers in this state folder. */
export async function foldersOfRuns(state: string): Promise<string[]> {
  const workers = path.join(state, 'workers');
  const lists = await Promise.all(
    (await namesIn(workers)).map(async (worker) => {
      const runs = path.join(workers, worker, 'runs');
      return (await namesIn(runs)).map((run) => path.join(runs, run));
    }),
  );
  return lists.flat();
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
