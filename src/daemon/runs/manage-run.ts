import { setTimeout as sleep } from 'node:timers/promises';
import type { LostRun, PlaceRef } from '../../drivers/driver.js';
import { causeLine, isAgentError } from '../../errors.js';
import type { GpuFault } from '../../gpu/gpu-fault.js';
import { TaskLog } from '../../logs/task-log.js';
import type { RunFolders } from '../../runs/folders.js';
import type { Journal } from '../../runs/journal.js';
import { containerWorkspace, leaveWorkspace, workspaceOf } from '../../runs/workspace.js';
import type { AgentContext, RunSignals, RunWatcher } from '../../task/context.js';
import { GpuWatch } from '../../task/gpu-watch.js';
import { PhaseClock, type RunObserver } from '../../task/phase-clock.js';
import { type RunResult, startUpkeep } from '../../task/run.js';
import type { TaskRun } from '../../task/task-run.js';
import { outcomeOf } from './run-outcome.js';

export interface RunRequest {
  task: string;
  queue: string | undefined;
  queuedAt?: string;
  folder: string;
  journal: Journal;
  signals: RunSignals;
  /** Told how the run gets on. */
  observers?: readonly RunObserver[];
  watcher?: RunWatcher;
  /** Told that the task is this worker's now. */
  onClaimed?(): Promise<void>;
  /** Told that the task's command runs. */
  onLaunched?(): void;
  waiting?: TaskRun['waiting'];
  /** Told that the task is about to go back to its queue after a failure of this machine. */
  onRetry?(): void;
  /** Told what is wrong with the GPUs of the task. */
  onGpuFault?(fault: GpuFault): Promise<void>;
}

/** Opens what a run needs. */
export async function openRun(given: AgentContext, request: RunRequest): Promise<TaskRun> {
  const ctx = { ...given, logger: given.logger.child({ worker: given.workerId, task: request.task }) };
  const log = await openLog(ctx, request);
  const trace = await ctx.tracing?.begin({
    task: request.task,
    worker: ctx.workerId,
    queue: request.queue,
    queuedAt: request.queuedAt,
    folder: request.folder,
  });
  const { observers = [] } = request;
  return {
    ctx,
    ...request,
    log,
    clock: new PhaseClock(log, trace === undefined ? observers : [...observers, trace]),
    ...(trace === undefined ? {} : { trace }),
    gpus: new GpuWatch(ctx),
    retries: 0,
    notes: [],
    upkeep: [],
  };
}

/** The log of a run resumes where an earlier daemon left it. */
export function openLog(
  ctx: AgentContext,
  { task, folder, journal, watcher }: Pick<RunRequest, 'task' | 'folder' | 'journal' | 'watcher'>,
): Promise<TaskLog> {
  return TaskLog.open({
    runFolder: folder,
    task,
    worker: journal.state?.single?.worker ?? ctx.workerId,
    server: ctx.logServer,
    redactor: ctx.redactor,
    logger: ctx.logger,
    suppressCarriageReturn: ctx.config.agent.suppressCarriageReturn,
    resumed: journal.state?.workload !== undefined,
    echo: (text) => {
      ctx.logger.echo(text);
      watcher?.text(text);
    },
    isGone: async (signal) => {
      const standing = ctx.tasks.getStatus(task, { retry: 'none', signal });
      return (await standing.catch(() => undefined)) === 'missing';
    },
  });
}

/** Executes a run and clears up after it. Throws nothing: the daemon continues with the next task. */
export async function carryOut(
  run: TaskRun,
  folders: RunFolders,
  work: (run: TaskRun) => Promise<RunResult>,
): Promise<RunResult | undefined> {
  const { logger } = run.ctx;
  try {
    const result = await work(run);
    endTrace(run, result);
    await run.journal.close();
    const { place, last } = run.journal.state ?? {};
    // What has ended and only the server does not know yet needs no processes and no container any more.
    const over = result !== 'handed-over' || last === 'ended';
    if (over) await removePlace(run, place);
    if (result === 'handed-over') return result;
    const keep = run.ctx.keepsFailed && result.call === 'failed';
    run.ctx.background.start(() => clearUp(run, folders, keep));
    return result;
  } catch (error) {
    logger.error(`task ${run.task}: ${causeLine(error)}; its files stay in ${run.folder}`);
    return undefined;
  } finally {
    startUpkeep(run);
  }
}

function endTrace({ trace }: TaskRun, result: RunResult): void {
  const outcome = outcomeOf(result);
  if (result === 'handed-over' || outcome === undefined) return;
  trace?.ended({ outcome, reason: result.status_reason, failure: result.failure });
}

/** Between two tries to reach an engine that is away. */
const ENGINE_RETRY_MS = 2000;

/**
 * Waits for an engine that is away, because the task's container may still be running there; an agent that is to end leaves it
 * to the next one.
 */
async function removePlace(run: TaskRun, place: PlaceRef | undefined): Promise<void> {
  const { ctx, task, signals } = run;
  let leaving: AbortSignal | undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      if (place !== undefined) return await ctx.drivers.get(place.kind)?.dispose(place);
      return await ctx.driver.clear?.(lostRunOf(run));
    } catch (error) {
      // Not for every run: the signals are the daemon's, and Node 20 keeps an entry in them for each that is made.
      leaving ??= AbortSignal.any([signals.stop, signals.kill, signals.handOver]);
      if (!isAgentError(error, 'DOCKER_ENGINE') || leaving.aborted) throw error;
      if (tries === 1)
        ctx.logger.warn(
          `task ${task}: ${causeLine(error)}; its container is removed once the engine answers`,
        );
    }
    await sleep(ENGINE_RETRY_MS, undefined, { signal: leaving }).catch(() => undefined);
  }
}

function lostRunOf({ ctx, task, folder }: TaskRun): LostRun {
  return { taskId: task, runFolder: folder, workspace: containerWorkspace(workspaceOf(ctx, folder)) };
}

/** The folder of the run goes last: while it is there, a later daemon clears up the rest. */
async function clearUp(run: TaskRun, folders: RunFolders, keep: boolean): Promise<void> {
  await leaveWorkspace(run.ctx, run.folder, keep);
  await folders.remove(run.folder);
}
