import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload, WorkloadExit } from '../drivers/driver.js';
import type { AgentContext, RunSignals } from './context.js';
import { STOP_CODES, type StoppedEnd, type StopReason } from './outcome.js';
import { limitReached, type TimeLimit } from './time-limit.js';

interface StoppedRun {
  ctx: Pick<AgentContext, 'workerId' | 'hostName'>;
  queue: string | undefined;
  signals: RunSignals;
  timeLimit?: TimeLimit;
}

/** How a run ends that is stopped for this reason. A task that came from no queue cannot go back to one. */
export function stoppedEnd({ ctx, queue, signals, timeLimit }: StoppedRun, reason: StopReason): StoppedEnd {
  if (reason === 'time_limit' && timeLimit !== undefined)
    return { kind: 'stop', reason, by: limitReached(timeLimit) };
  const { order } = signals;
  if (reason !== 'shutdown' || order === undefined) return { kind: 'stop', reason };
  const by = `${order.cause} (worker ${ctx.workerId} on ${ctx.hostName})`;
  return { kind: 'stop', reason, by, ...(order.requeue && queue !== undefined ? { requeue: true } : {}) };
}

/** What the task's log says before its command gets its signal. */
export function stopLine({ reason, by, requeue }: StoppedEnd): string {
  if (reason === 'time_limit') return `Stopping the task: ${by}`;
  if (by === undefined) return `User aborted: stopping task (${STOP_CODES[reason]}) ${reason}`;
  return `Stopping the task${requeue ? ' and putting it back' : ''} for the operator: ${by}`;
}

/** Longer than a workload takes to notice its end. */
const NOTICE_MS = 150;

/** The exit of a command that ended by itself before it was to be stopped, and was not noticed yet. */
export async function ownExit(workload: Workload, kill: AbortSignal): Promise<WorkloadExit | undefined> {
  const over = new AbortController();
  const wait = sleep(NOTICE_MS, undefined, { signal: AbortSignal.any([kill, over.signal]) });
  const exit = await Promise.race([workload.exited, wait.catch(() => undefined)]);
  over.abort();
  return exit;
}
