import type { TaskLog } from '../../logs/task-log.js';
import { lateAbort } from '../../os/late-abort.js';
import type { RunState } from '../../runs/journal.js';
import type { AgentContext } from '../context.js';
import { failureClass } from '../failure-class.js';
import { type EndByItself, type RunEnd, type Settlement, type StoppedEnd, settlementOf } from '../outcome.js';
import type { TaskRun } from '../task-run.js';
import type { HookFacts } from './hook-facts.js';
import type { HookName } from './hook-settings.js';

/**
 * Runs `before_task`.
 *
 * @returns the end that a failing hook leads to: the task goes back to the front of its queue, or fails where it came
 *   from none
 */
export async function beforeTask(
  run: TaskRun,
  signal: AbortSignal,
): Promise<StoppedEnd | EndByItself | undefined> {
  const problem = await runHook(run, 'before_task', {}, signal);
  signal.throwIfAborted();
  if (problem === undefined) return undefined;
  run.log.line(`the hook before_task failed: ${problem}`, 'ERROR');
  if (run.queue === undefined) {
    const reason = 'the hook before_task failed';
    return { kind: 'setup', reason, cause: `${reason}: ${problem}`, class: 'setup', infrastructure: true };
  }
  // Before the task is in its queue again, so that this daemon does not pull it at once.
  run.onRetry?.();
  return { kind: 'stop', reason: 'hook', by: `the hook before_task failed: ${problem}`, requeue: true };
}

/**
 * Runs `after_task` while the task's console is open and its end is not noted: a daemon that dies meanwhile leaves it to
 * the next one.
 *
 * @returns false where a hand-over has cut the hook short, which the next daemon repeats
 */
export async function afterTask(run: TaskRun, end: RunEnd, isRetried: boolean): Promise<boolean> {
  const { kill, handOver } = run.signals;
  if (!run.ctx.hooks.has('after_task')) return true;
  const patience = lateAbort([kill, handOver], 0);
  try {
    await runHook(run, 'after_task', endFacts(end, isRetried), patience.signal);
    return !(patience.signal.aborted && handOver.aborted);
  } finally {
    patience.close();
  }
}

/** Runs `after_task` for a task that an earlier daemon took and never started. */
export async function afterLeftTask(
  ctx: AgentContext,
  { task, queue, last }: RunState,
  status: 'queued' | 'unchanged',
  reporter?: TaskLog,
): Promise<void> {
  if (last !== 'pulled' && last !== 'preparing') return;
  const reason = 'the agent was ended before the task started';
  const facts = { task, queue, status, reason };
  await ctx.hooks.run('after_task', {
    worker: ctx.workerId,
    facts,
    ...(reporter === undefined ? {} : { reporter }),
  });
}

/** Begins `on_abort`; the stop does not wait for it, the end of the run does. */
export function startAbortHook(run: TaskRun, end: StoppedEnd): void {
  const isAbort = end.reason !== 'hook' && end.reason !== 'no_place';
  if (run.abortHook !== undefined || !isAbort || !run.ctx.hooks.has('on_abort')) return;
  const patience = lateAbort([run.signals.kill, run.signals.handOver], 0);
  const reason = end.by ?? end.reason;
  run.abortHook = runHook(run, 'on_abort', { reason }, patience.signal)
    .then(() => undefined)
    .finally(() => patience.close());
}

/** Runs `on_gpu_failure` for a GPU of the task. */
export async function onGpuFailure(run: TaskRun, fault: string): Promise<void> {
  await runHook(run, 'on_gpu_failure', { gpu_fault: fault }, run.signals.kill);
}

function runHook(
  run: TaskRun,
  name: HookName,
  facts: HookFacts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { ctx, log } = run;
  if (ctx.hooks.has(name)) log.line(`running the hook ${name}`, 'INFO');
  const known = { ...taskFacts(run), ...facts };
  return ctx.hooks.run(name, { worker: ctx.workerId, facts: known, reporter: log, signal });
}

/** Name, project and user are not known of a task that an earlier daemon claimed. */
function taskFacts({ ctx, task, queue, record }: TaskRun): HookFacts {
  const { name, project, user } = { ...record };
  const gpus = ctx.environment.NVIDIA_VISIBLE_DEVICES;
  return { task, task_name: name, project: project ?? undefined, user, queue, gpus: gpus || undefined };
}

const STATUSES: Readonly<Record<NonNullable<Settlement['call']>, string>> = {
  completed: 'completed',
  failed: 'failed',
  stopped: 'stopped',
  requeued: 'queued',
};

function endFacts(end: RunEnd, isRetried: boolean): HookFacts {
  const { call, status_reason } = settlementOf(end);
  const status = isRetried ? 'queued' : call === undefined ? 'unchanged' : STATUSES[call];
  return { status, reason: status_reason || undefined, failure_class: failureClass(end) };
}
