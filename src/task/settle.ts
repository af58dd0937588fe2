import { API_PROBLEM, isApiError, isTaskGone } from '../api/errors.js';
import { isStopping, type StatusReading, type TaskStanding } from '../api/tasks.js';
import { causeLine } from '../errors.js';
import { lateAbort } from '../os/late-abort.js';
import { stopReason } from './abort/abort-watch.js';
import { changedBy } from './claim.js';
import { type FailureClass, failureClass } from './failure-class.js';
import { afterTask, startAbortHook } from './hooks/task-hooks.js';
import { LAST_WAIT_MS, noteEnd, noteReported } from './note-end.js';
import { leavesNoLog, type RunEnd, type Settlement, type StopReason, settlementOf } from './outcome.js';
import { putBack, toFront } from './put-back.js';
import { decideRetry, retryTask } from './retry.js';
import type { RetryPlan } from './retry-plan.js';
import type { RunResult } from './run.js';
import { PULLED, PUT_BACK } from './status-texts.js';
import type { TaskRun } from './task-run.js';

/**
 * Ends a run: the end goes to the journal, then the rest of the log and the final status to the server.
 * Repeating it after a crash is safe: a status that is set already is refused by the server and that is fine.
 */
export async function settle(run: TaskRun, given: RunEnd): Promise<RunResult> {
  run.log.endOutput();
  const end = await endAsOfNow(run, given);
  if (end.kind === 'stop') startAbortHook(run, end);
  await run.abortHook;
  const { plan, line } = decideRetry(run, end);
  if (!(await afterTask(run, end, plan !== undefined))) return handOver(run);
  const { logText, call } = settlementOf(end);
  // The line end is missing only where nothing follows in this log.
  const isLast = plan === undefined && call !== 'requeued';
  if (end.kind === 'stop' && leavesNoLog(end.reason)) await dropLog(run, end.reason);
  else if (line !== undefined) {
    run.log.line(logText, 'DEBUG');
    if (isLast) run.log.lastLine(line, 'WARNING');
    else run.log.line(line, 'WARNING');
  } else if (isLast) run.log.lastLine(logText, 'DEBUG');
  else run.log.line(logText, 'DEBUG');
  if (await noteEnd(run, { step: 'ended', end, ...(plan ? { retry: plan } : {}) }))
    return finish(run, end, plan);
  return handOver(run);
}

async function handOver(run: TaskRun): Promise<'handed-over'> {
  await run.log.detach();
  return 'handed-over';
}

/** The log ends here, with one line for the agent's own. */
async function dropLog(run: TaskRun, reason: StopReason): Promise<void> {
  await run.log.discard();
  const what = reason === 'not_found' ? 'is not on the server any more' : 'was reset';
  run.ctx.logger.info(`task ${run.task}: ${what}; its run has ended`);
}

/**
 * The part of `settle` that a daemon killed after the journal's step has still to do. Waits for a server that is
 * away; an agent that is to end leaves it to the next one.
 */
export async function finish(run: TaskRun, end: RunEnd, retry?: RetryPlan): Promise<RunResult> {
  const { stop, handOver } = run.signals;
  const patience = lateAbort([stop, handOver], LAST_WAIT_MS);
  try {
    if (end.kind === 'stop' && leavesNoLog(end.reason)) await run.log.discard();
    if (!(await sendLog(run, patience.signal))) return 'handed-over';
    const result = await conclude(run, { end, retry }, patience.signal);
    if (result !== 'handed-over') await noteReported(run.journal);
    return result;
  } finally {
    patience.close();
  }
}

/**
 * Sends the rest of the log, or drops it where the task is reset or deleted meanwhile.
 *
 * @returns false when the signal ended the wait
 */
async function sendLog(run: TaskRun, signal: AbortSignal): Promise<boolean> {
  const { halt, log } = run;
  if (log.isHeld) {
    const reason = await newOwner(run, signal);
    if (signal.aborted) return false;
    if (reason !== undefined) {
      await dropLog(run, reason);
      return true;
    }
  }
  if (await log.close(halt === undefined ? signal : AbortSignal.any([signal, halt.logless]))) return true;
  if (!halt?.logless.aborted || halt.verdict === undefined) return false;
  await dropLog(run, halt.verdict);
  return true;
}

/** Why the log on the server is no longer this run's. Waits for a server that is away. */
async function newOwner({ ctx, task }: TaskRun, signal: AbortSignal): Promise<StopReason | undefined> {
  if (!ctx.reportsStatus) return undefined;
  const standing = await ctx.tasks.getStatus(task, { signal }).catch(() => undefined);
  return standing && logless(standing);
}

function logless(standing: TaskStanding): 'not_found' | 'reset' | undefined {
  if (standing === 'missing') return 'not_found';
  return standing.status === 'created' && !isBeingClaimed(standing) ? 'reset' : undefined;
}

async function conclude(
  run: TaskRun,
  { end, retry }: { end: RunEnd; retry: RetryPlan | undefined },
  signal: AbortSignal,
): Promise<RunResult> {
  await run.pending?.end();
  if (retry === undefined || end.kind === 'stop') return reportEnd(run, end, signal);
  // It would take the way back to the queue for a reset.
  run.halt?.close();
  const retried = await retryTask(run, { end, plan: retry }, signal);
  if (retried === 'away') return 'handed-over';
  if (retried === 'stop') return reportEnd(run, { kind: 'stop', reason: 'stopped' }, signal);
  if (retried === 'refused') return reportEnd(run, end, signal);
  return {
    ...settlementOf(end),
    call: undefined,
    ...failureOf(end),
    ...(retried === 'queued' ? { retried: true } : {}),
  };
}

async function reportEnd(run: TaskRun, end: RunEnd, signal: AbortSignal): Promise<RunResult> {
  const now = await endAsOfNow(run, end, signal);
  const settlement = await requeued(run, now, signal);
  if (settlement === 'handed-over') return settlement;
  if (settlement.call === 'failed') await noteClass(run, failureClass(now), signal);
  const told = await reportStatus(run, settlement, signal);
  if (told === 'away') return 'handed-over';
  return { ...settlement, ...(told === 'refused' ? { failure: 'server_refused' } : failureOf(now)) };
}

function failureOf(end: RunEnd): Pick<Settlement, 'failure'> {
  const failure = failureClass(end);
  return failure === undefined ? {} : { failure };
}

/**
 * What the server says at the end counts more than how the run ended: an abort that no look at the status has seen
 * yet, or a final status that was set meanwhile. Nothing changes where the server does not say.
 */
async function endAsOfNow({ ctx, task }: TaskRun, end: RunEnd, signal?: AbortSignal): Promise<RunEnd> {
  const counts = end.kind === 'stop' ? end.requeue !== true : end.stands === true;
  if (counts || !ctx.reportsStatus) return end;
  const patience = signal === undefined ? ({ retry: 'none' } as const) : { signal };
  const standing = await ctx.tasks.getStatus(task, patience).catch(() => undefined);
  if (standing === undefined) return end;
  const gone = logless(standing);
  if (standing === 'missing' || gone !== undefined) return { kind: 'stop', reason: gone ?? 'not_found' };
  const reason = stopReason(standing);
  if (reason === 'stopped') return { kind: 'stop', reason };
  if (end.kind === 'stop') return end;
  return reason === undefined ? end : { ...end, stands: true };
}

/** Before the status, so that whoever waits for that finds the class. The status does not depend on it. */
async function noteClass({ ctx, task }: TaskRun, failed: FailureClass | undefined, signal: AbortSignal) {
  if (failed === undefined || !ctx.reportsStatus) return;
  try {
    const { runtime } = await ctx.tasks.getById(task, { signal });
    await ctx.tasks.edit({ task, force: true, runtime: { ...runtime, failure_class: failed } }, { signal });
  } catch (error) {
    if (!signal.aborted && !isTaskGone(error))
      ctx.logger.warn(`task ${task}: cannot note the class of its failure: ${causeLine(error)}`);
  }
}

/**
 * @returns `away` when the agent was stopped before the server answered; `refused` when the server takes no status
 *   of the task, although its status has not changed
 */
async function reportStatus(
  run: TaskRun,
  settlement: Settlement,
  signal: AbortSignal,
): Promise<'told' | 'refused' | 'away'> {
  const { ctx, task } = run;
  const { call, status_reason } = settlement;
  if (call === undefined || call === 'requeued' || !ctx.reportsStatus) return 'told';
  const change = { task, status_reason, status_message: changedBy(ctx.workerId) };
  for (let force = {}; ; force = { force: true }) {
    try {
      await ctx.tasks[call]({ ...change, ...force }, { signal });
      return 'told';
    } catch (error) {
      if (signal.aborted) return 'away';
      if (isTaskGone(error)) return 'told';
      if (!('force' in force) && (await isUnsettled(run, error, signal))) continue;
      // The task, or a user in the web UI, set another status; keep that one.
      ctx.logger.warn(`task ${task}: status "${call}" was not taken: ${causeLine(error)}`);
      return isStatusConflict(error) ? 'told' : 'refused';
    }
  }
}

/**
 * Puts a task back whose operator asked for that. One whose queue does not take it is stopped instead.
 *
 * @returns what remains to be reported to the server; `handed-over` when the agent was stopped before it answered
 */
async function requeued(run: TaskRun, end: RunEnd, signal: AbortSignal): Promise<RunResult> {
  const settlement = settlementOf(end);
  if (settlement.call !== 'requeued' || end.kind !== 'stop' || !run.ctx.reportsStatus) return settlement;
  try {
    if (!(await putBackIfOurs(run, settlement.status_reason, signal))) return 'handed-over';
    return end.reason === 'shutdown' ? settlement : { ...settlement, retried: true };
  } catch (error) {
    if (signal.aborted) return 'handed-over';
    run.ctx.logger.warn(`task ${run.task}: cannot be put back and is stopped: ${causeLine(error)}`);
    const { requeue, ...stopped } = end;
    return settlementOf(stopped);
  }
}

/** @returns false when the server does not say what became of the task */
async function putBackIfOurs(run: TaskRun, reason: string, signal: AbortSignal): Promise<boolean> {
  const { ctx, task, queue } = run;
  const standing = await ctx.tasks.getStatus(task, { signal });
  if (standing === undefined) return false;
  if (standing === 'missing') return true;
  // An earlier daemon may have been killed between both calls.
  if (standing.status === 'queued' && queue !== undefined) await toFront(ctx, { task, queue }, signal);
  const { status, last_worker } = standing;
  const runsHere = status === 'in_progress' && (last_worker ?? ctx.workerId) === ctx.workerId;
  if (!runsHere && !isBeingClaimed(standing)) return true;
  await putBack(ctx, { task, queue, reason, requirements: run.journal.state?.requirements }, signal);
  ctx.logger.info(`task ${task}: ${reason.slice(PUT_BACK.length)}; it is back at the front of its queue`);
  return true;
}

/** After a refusal: whether the task would be left as if it still ran. */
async function isUnsettled({ ctx, task }: TaskRun, error: unknown, signal: AbortSignal): Promise<boolean> {
  if (!isStatusConflict(error)) return false;
  const standing = await ctx.tasks.getStatus(task, { signal }).catch(() => undefined);
  if (standing === undefined || standing === 'missing') return false;
  return standing.status === 'in_progress' || isBeingClaimed(standing);
}

function isStatusConflict(error: unknown): boolean {
  return (
    isApiError(error, ...API_PROBLEM.invalidTaskStatus) ||
    isApiError(error, ...API_PROBLEM.failedChangingStatus)
  );
}

/** Between the queue and its start a task is `created` for a moment, also where an abort comes in between. */
function isBeingClaimed({ status, status_message }: StatusReading): boolean {
  return status === 'created' && (status_message === PULLED || isStopping(status_message));
}
