import type { TaskRecord } from '../api/task-record.js';
import type { Workload } from '../drivers/driver.js';
import { AgentError } from '../errors.js';
import { visibleLine } from '../logs/visible-text.js';
import type { RunState } from '../runs/journal.js';
import { waitForAbortCallback } from './abort/abort-callback.js';
import { runAbortCommand } from './abort/abort-command.js';
import { Halt } from './abort/halt.js';
import { changedBy, claimTask, noteHost } from './claim.js';
import type { RunFacts } from './context.js';
import { setupEnd, setupFailure } from './failure-class.js';
import { beforeTask, startAbortHook } from './hooks/task-hooks.js';
import { noteMeanwhile } from './notes.js';
import { stoppedEnd } from './operator-stop.js';
import { leavesNoLog, type RunEnd, type Settlement } from './outcome.js';
import { type Attempt, type Phase, runPhases } from './phases.js';
import { pinger } from './pinger.js';
import type { PreparedTask } from './prepare.js';
import { retriesOf } from './retry-plan.js';
import { finish, settle } from './settle.js';
import { stopWorkload, superviseWorkload } from './supervise.js';
import type { TaskRun } from './task-run.js';
import { beginTimeLimit, endOfLimit } from './time-limit.js';

/** What became of a run; `handed-over` when a later daemon is to resume it. */
export type RunResult = Settlement | 'handed-over';

/**
 * Runs a task that was pulled: claim, code and packages, launch, watch, status. Every failure ends as the
 * task's status and a line in its log; nothing is thrown but what the journal's disk refuses.
 */
export async function runTask(run: TaskRun): Promise<RunResult> {
  run.log.line(
    `task ${run.task} pulled from ${run.queue ?? 'no queue'} by worker ${run.ctx.workerId}`,
    'INFO',
  );
  // Watched only once it is claimed: until then the task's status on the server is still "queued".
  const phases = [claimPhase(beginEarly), watchPhase, hookPhase, preparePhase, launchPhase, supervisePhase];
  const [result] = await Promise.all([
    runPhases({ run }, phases, { failed: failedSetup, conclude }),
    preparing(),
  ]);
  return result;
}

/** Ends a task that was pulled and cannot be run at all. */
export function refuseTask(run: TaskRun, error: unknown): Promise<RunResult> {
  const refusal: Phase = { title: 'refuse', setup: async () => setupFailure(run, error) };
  return runPhases({ run }, [claimPhase(), refusal], { failed: failedSetup, conclude });
}

/** Resumes a run whose command an earlier daemon launched. */
export function resumeTask(run: TaskRun, state: RunState): Promise<RunResult> {
  if (state.end) return finish(run, state.end, state.retry);
  run.retries = state.retries ?? 0;
  if (state.timeLimit !== undefined) run.timeLimit = state.timeLimit;
  const failed = (error: unknown) => {
    throw error;
  };
  return runPhases({ run }, [attachPhase(state), watchPhase, supervisePhase], { failed, conclude });
}

/** Loaded with the first task: a daemon that idles has no use for what makes code and packages. */
function preparing() {
  return import('./prepare.js');
}

/** @param seen told the task before it is claimed */
function claimPhase(seen?: (attempt: Attempt, record: TaskRecord) => void): Phase {
  return {
    title: 'claim',
    async setup(attempt) {
      const { run } = attempt;
      const { task, queue, queuedAt } = run;
      const request = {
        task,
        pulled: queue !== undefined,
        ...(queuedAt === undefined ? {} : { queuedAt }),
        seen: (record: TaskRecord) => seen?.(attempt, record),
      };
      const claimed = await run.clock.run('claim', () => claimTask(run.ctx, request));
      if (typeof claimed === 'string') return { kind: 'stop', reason: claimed };
      beginClaimed(attempt, claimed);
      return undefined;
    },
    async teardown({ early }) {
      await (await early)?.end();
    },
  };
}

function beginClaimed(attempt: Attempt, claimed: TaskRecord): void {
  const { run } = attempt;
  noteMeanwhile(run, noteHost(run.ctx, claimed));
  // Not before: the server asks the worker that a task names for its end, instead of ending it at once.
  noteMeanwhile(run, run.onClaimed?.());
  run.watcher?.facts(factsOf(claimed));
  run.retries = retriesOf(claimed);
  if (run.retries > 0) run.log.line(`attempt ${run.retries + 1}: ${claimed.status_reason}`, 'INFO');
  attempt.record = claimed;
  run.record = claimed;
  beginTimeLimit(run, claimed);
}

function beginEarly(attempt: Attempt, record: TaskRecord): void {
  attempt.early = import('./early-work.js').then(({ EarlyWork }) => EarlyWork.begin(attempt.run, record));
}

function factsOf({ name, project }: TaskRecord): RunFacts {
  return { ...(name ? { name } : {}), ...(project ? { project } : {}) };
}

/** Watches for what ends the run from outside, until its end is reported. */
const watchPhase: Phase = {
  title: 'watch',
  async setup(attempt) {
    const { run } = attempt;
    const halt = haltFor(run);
    attempt.halt = halt;
    run.halt = halt;
    return undefined;
  },
  teardown({ run, halt }) {
    halt?.close();
    run.ctx.statuses.calm(run.task);
  },
};

/** The operator's program has its say before anything of the task is fetched. */
const hookPhase: Phase = {
  title: 'before_task',
  async setup({ run, halt }) {
    if (halt === undefined) throw outOfOrder('before_task');
    if (!run.ctx.hooks.has('before_task')) return undefined;
    return run.clock.run('before_task', () => beforeTask(run, halt.signal));
  },
};

const preparePhase: Phase = {
  title: 'prepare',
  async setup(attempt) {
    const { run, record, halt, early } = attempt;
    if (record === undefined || halt === undefined) throw outOfOrder('prepare');
    run.gpus.begin();
    const { prepareTask } = await preparing();
    attempt.prepared = await prepareTask(run, { record, early: await early }, halt.signal);
    return undefined;
  },
};

const launchPhase: Phase = {
  title: 'launch',
  async setup(attempt) {
    const { run, prepared, halt } = attempt;
    if (prepared === undefined || halt === undefined) throw outOfOrder('launch');
    attempt.workload = await run.clock.measure('launch', () => launch(run, prepared, halt));
    return undefined;
  },
};

const supervisePhase: Phase = {
  title: 'supervise',
  async setup({ run, workload, halt }) {
    if (workload === undefined || halt === undefined) throw outOfOrder('supervise');
    return run.clock.measure('run', () => superviseWorkload(run, workload, halt));
  },
};

const LOST: RunEnd = {
  kind: 'exit',
  exit: { kind: 'lost', reason: 'nothing of it is left on this machine' },
};

/** Takes the place of all phases before the watch in a run whose command an earlier daemon launched. */
function attachPhase(state: RunState): Phase {
  return {
    title: 'attach',
    async setup(attempt) {
      const { run } = attempt;
      const { ctx, task } = run;
      const workload = state.workload && (await ctx.drivers.get(state.workload.kind)?.attach(state.workload));
      if (workload === undefined) return state.stop ?? LOST;
      run.watcher?.facts({ place: workload.ref.kind });
      await run.onClaimed?.();
      run.onLaunched?.();
      if (state.stop) {
        ctx.logger.info(`task ${task}: an earlier daemon was stopping it; this one continues the stop`);
        return stopWorkload(run, workload, state.stop);
      }
      ctx.logger.info(`task ${task}: attached again to what an earlier daemon launched`);
      attempt.workload = workload;
      return undefined;
    },
  };
}

function outOfOrder(phase: string): AgentError {
  return new AgentError('INTERNAL', `the phase "${phase}" of a run came too early`);
}

/** An error of a set-up ends the task, unless the run was to end anyway. */
function failedSetup(error: unknown, { run, halt }: Attempt): RunEnd | undefined {
  if (!halt?.signal.aborted) return setupEnd(run, error);
  if (halt.reason === undefined) return undefined;
  const end = stoppedEnd(run, halt.reason);
  startAbortHook(run, end);
  return end;
}

async function conclude(end: RunEnd | undefined, { run }: Attempt): Promise<RunResult> {
  run.watcher?.phase('conclude');
  await Promise.allSettled(run.notes);
  if (end !== undefined) return run.clock.measure('report', () => settle(run, end));
  await run.log.detach();
  return 'handed-over';
}

/**
 * The task's own SDK calls `tasks.started` when it begins, which erases an abort that the agent has not seen by then. Until
 * it has done so, for this long at most, the status is looked at more often.
 */
const SDK_START_MS = 20_000;

/** A server that is away does not keep a task from being launched for longer. */
const LOOK_MS = 5000;

async function launch(run: TaskRun, prepared: PreparedTask, halt: Halt): Promise<Workload> {
  const signal = AbortSignal.any([halt.signal, AbortSignal.timeout(LOOK_MS)]);
  const look = halt.look(() => run.ctx.tasks.getStatus(run.task, { retry: 'none', signal }));
  await Promise.all([look, ...run.notes]);
  halt.signal.throwIfAborted();
  const gpus = await run.gpus.snapshot();
  const workload = await prepared.driver.launch(prepared.place, prepared.command);
  await run.journal.write({ step: 'launched', workload: workload.ref, gpus });
  run.launched = prepared;
  run.watcher?.facts({ place: workload.ref.kind });
  run.onLaunched?.();
  run.ctx.statuses.hurry(run.task, SDK_START_MS);
  startUpkeep(run);
  run.log.line(`[start] after ${run.clock.elapsed().toFixed(2)} s: ${visibleLine(prepared.display)}`, 'INFO');
  return workload;
}

/** Begins what has waited for the command to start. */
export function startUpkeep({ ctx, upkeep }: TaskRun): void {
  for (const tend of upkeep.splice(0)) ctx.background.start((signal) => tend({ signal, logger: ctx.logger }));
}

function haltFor(run: TaskRun): Halt {
  const { ctx, task } = run;
  const ping = pinger(run);
  return new Halt({
    signals: run.signals,
    ...(run.timeLimit === undefined ? {} : { endsAt: endOfLimit(run.timeLimit) }),
    workerId: ctx.workerId,
    read: (signal) => ctx.statuses.next(task, signal),
    onResetSeen: (times, limit) =>
      ctx.logger.info(`task ${task}: was reset on the server, stopping soon (${times}/${limit})`),
    onReading: (reading) => {
      // Lines that reach a task after its reset would stay in it.
      run.log.hold(reading.status === 'created');
      if (reading.status_message !== changedBy(ctx.workerId)) ctx.statuses.calm(task);
      ping();
    },
    onVerdict: (reason) => {
      // Nothing would wake a log that waits for the next look.
      if (!leavesNoLog(reason)) run.log.hold(false);
    },
    beforeAbort: async () => {
      // Nothing that could have asked for time, or could be ended by a command, before there is a workload.
      if (run.journal.state?.workload === undefined) return;
      const command = run.launched && runAbortCommand(run, run.launched);
      await Promise.allSettled([waitForAbortCallback(run), command]);
    },
  });
}
