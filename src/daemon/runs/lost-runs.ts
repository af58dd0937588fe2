import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskRecord } from '../../api/task-record.js';
import { isStopping } from '../../api/tasks.js';
import type { PlaceRef, WorkloadRef } from '../../drivers/driver.js';
import { driverFlagNames, driverModule } from '../../drivers/registry.js';
import { causeLine } from '../../errors.js';
import { ensureFolder } from '../../os/files.js';
import { runFolder, taskOfRunFolder } from '../../os/paths.js';
import type { RunFolders } from '../../runs/folders.js';
import type { GrantRecord } from '../../runs/grant-record.js';
import { Journal } from '../../runs/journal.js';
import { containerWorkspace, workspaceOf } from '../../runs/workspace.js';
import { changedBy, RUN_BY } from '../../task/claim.js';
import type { AgentContext } from '../../task/context.js';
import type { RunEnd } from '../../task/outcome.js';
import { retriesOf } from '../../task/retry-plan.js';
import { type RunResult, resumeTask } from '../../task/run.js';
import { settle } from '../../task/settle.js';
import type { TaskRun } from '../../task/task-run.js';
import { serviceWorkerId } from '../worker-id.js';
import type { LeftRun } from './recover.js';
import type { RunIdentity, RunSubject } from './run-contexts.js';
import { foldersOfRuns } from './single-runs.js';

export interface LostRunsQuery {
  folders: RunFolders;
  /** Tasks that have a run on this machine, before any of these was recovered. */
  known: ReadonlySet<string>;
  /** A regular expression of the ids of this daemon and of its runs. */
  workers: string;
  identify(subject: RunSubject): Promise<RunIdentity>;
  /** What a run of this daemon has of the machine, by its worker. */
  grantOf(worker: string): Promise<GrantRecord | undefined>;
  /** Milliseconds; an agent that runs a task reports it several times within them. */
  silenceMs: number;
}

const LOST: RunEnd = {
  kind: 'exit',
  exit: { kind: 'lost', reason: 'the folder of its run is gone and nothing of it runs on this machine' },
};

/** Tasks that the agents of this user have runs of and are not done with. */
export async function tasksWithRuns(state: string): Promise<Set<string>> {
  const tasks = new Set<string>();
  for (const folder of await foldersOfRuns(state)) {
    const { task, last, others = [] } = (await Journal.read(folder)) ?? {};
    if (last === 'reported') continue;
    for (const one of [taskOfRunFolder(folder), task, ...others.map((entry) => entry.task)])
      if (one !== undefined) tasks.add(one);
  }
  return tasks;
}

/**
 * Tasks that this worker has in progress for the server and no run of on this machine: the run's folder was removed
 * while no daemon ran. A command that still runs is attached to; else the task ends as lost.
 *
 * @returns `complete`: all were looked for; otherwise a container without a run folder may be that of one
 */
export async function findLostRuns(
  ctx: AgentContext,
  query: LostRunsQuery,
): Promise<{ found: LeftRun[]; complete: boolean }> {
  const found: LeftRun[] = [];
  let complete = true;
  try {
    const held = await ctx.tasks.inProgressOf(query.workers, { retry: 'bounded' });
    for (const record of held.filter((one) => mayBeOwn(ctx, one) && !query.known.has(one.id))) {
      const grant = await query.grantOf(record.last_worker ?? '');
      if (grant === undefined && !isDaemonOf(ctx, record)) continue;
      const kind = record.runtime?.[RUN_BY];
      if (typeof kind === 'string' && !ctx.drivers.has(kind)) {
        const where = driverModule(kind)?.where ?? 'by an unknown driver';
        ctx.logger.warn(
          `task ${record.id}: is in progress ${where}, and this daemon has no ${driverFlagNames()}, so it stays as it is`,
        );
        continue;
      }
      const run = await lostRun(ctx, query, { record, grant }).catch((error: unknown) => {
        ctx.logger.error(`task ${record.id}: its run is lost and cannot be looked for: ${causeLine(error)}`);
        complete = false;
      });
      if (run) found.push(run);
    }
  } catch (error) {
    ctx.logger.warn(`cannot ask the server for tasks whose runs are lost: ${causeLine(error)}`);
    complete = false;
  }
  return { found, complete };
}

/**
 * The claim of a task on this very machine by the worker that reported it last. A worker id that its user chose may be in use
 * on another machine, too, and whoever runs a task by hand claims it with other words. An abort replaces the words of the
 * claim.
 */
function mayBeOwn(ctx: AgentContext, { status, status_message, last_worker, runtime }: TaskRecord): boolean {
  if (status !== 'in_progress' || runtime?._exec_agent_hostname !== ctx.hostName || !last_worker)
    return false;
  return status_message === changedBy(last_worker) || isStopping(status_message);
}

/** Whether the worker of a task is this daemon itself, or a service of it. */
function isDaemonOf({ workerId }: AgentContext, { id, last_worker }: TaskRecord): boolean {
  return last_worker === workerId || last_worker === serviceWorkerId(workerId, id);
}

async function lostRun(
  daemon: AgentContext,
  { folders, identify, silenceMs }: LostRunsQuery,
  { record, grant }: { record: TaskRecord; grant: GrantRecord | undefined },
): Promise<LeftRun> {
  const task = record.id;
  const queue = record.execution?.queue ?? undefined;
  const trace = await findTrace(daemon, task);
  const folder = trace?.folder ?? (await folders.create(task));
  await ensureFolder(folder);
  // In one write: a run that was only pulled would go back to its queue. Of one that left nothing, the next daemon
  // looks again where this one is killed before it knows more.
  const journal = await Journal.restore(folder, { task, queue, ...(grant ? { grant } : {}) }, [
    ...(trace ? [{ step: 'preparing', place: trace.place, retries: retriesOf(record) } as const] : []),
    trace?.workload ? { step: 'launched', workload: trace.workload } : { step: 'reported' },
  ]);
  const identity = await identify({ task, grant });
  if (identity.problem !== undefined) throw identity.problem;
  const runs = trace?.workload !== undefined;
  daemon.logger.warn(
    `task ${task}: is in progress and no run of it is left in ${folders.parent}; ` +
      (runs
        ? 'its command still runs and is attached to'
        : 'it ends as failed unless another agent reports it'),
  );
  const carry = async (run: TaskRun) => {
    run.retries = retriesOf(record);
    const { state } = journal;
    if (!runs || state === undefined) return endIfSilent(run, record, silenceMs);
    run.log.line(
      'the folder of this run was removed on the machine; what the command prints from here on is missing',
      'WARNING',
    );
    return resumeTask(run, state);
  };
  return { task, queue, folder, journal, identity, aside: !runs, carry };
}

/** Worker ids are unique; if another agent has this one all the same, the reports of the task continue. */
async function endIfSilent(run: TaskRun, record: TaskRecord, silenceMs: number): Promise<RunResult> {
  const { ctx, task, signals } = run;
  const leaving = AbortSignal.any([signals.stop, signals.kill, signals.handOver]);
  await sleep(silenceMs, undefined, { signal: leaving }).catch(() => undefined);
  const now = leaving.aborted ? undefined : await ctx.tasks.lastReport(task, { signal: leaving });
  if (now !== undefined && now === (record.last_worker_report ?? '')) return settle(run, LOST);
  if (now !== undefined) ctx.logger.info(`task ${task}: another agent reports it, so it stays as it is`);
  await run.log.detach();
  return { call: undefined, status_reason: '', logText: '', exitStatus: 0 };
}

interface Trace {
  folder: string;
  place: PlaceRef;
  workload: WorkloadRef | undefined;
}

/** A run has a higher number while the folder of an earlier one of its task is being removed. */
const ATTEMPTS = [1, 2, 3];

async function findTrace(ctx: AgentContext, taskId: string): Promise<Trace | undefined> {
  for (const attempt of ATTEMPTS) {
    const folder = runFolder(ctx.stateFolder, taskId, attempt);
    const run = { taskId, runFolder: folder, workspace: containerWorkspace(workspaceOf(ctx, folder)) };
    for (const driver of ctx.drivers.values()) {
      const place = await driver.search(run);
      if (place !== undefined) return { folder, place, workload: await driver.find(place) };
    }
  }
  return undefined;
}
