import type { TaskRecord } from '../api/task-record.js';
import { isStopping, type TaskStanding } from '../api/tasks.js';
import type { FailureClass } from './failure-class.js';
import { PULLED, PUT_BACK } from './status-texts.js';

/** One more attempt at a task. */
export interface RetryPlan {
  /** From 1. */
  number: number;
  /** `agent.retry.infrastructure` of the agent that the attempt before failed on. */
  limit: number;
  /** When the failed attempt began, as the server says: another attempt of the task has another time. */
  started?: string;
}

const RETRY = 'retry ';

export function retryReason({ number, limit }: RetryPlan, failed: FailureClass, reason: string): string {
  return `${RETRY}${number} of ${limit}: ${failed}: ${reason}`;
}

/** In the task's runtime, where every agent reads it. */
const COUNT = 'infrastructure_retries';

/** Retries of the task so far. A value that no agent has written means none. */
export function retriesOf({ runtime }: Pick<TaskRecord, 'runtime'>): number {
  const count = Number(runtime?.[COUNT]);
  return Number.isInteger(count) && count > 0 ? count : 0;
}

/**
 * The runtime of a task that is claimed. Retries count on while agents alone put it into its queue; where its user
 * did, they begin again. The class of an earlier failure is not this attempt's.
 */
export function claimedRuntime({
  runtime,
  status_reason,
}: Pick<TaskRecord, 'runtime' | 'status_reason'>): Record<string, unknown> {
  const reason = status_reason ?? '';
  const byAgent = reason.startsWith(RETRY) || reason.startsWith(PUT_BACK);
  return { ...runtime, failure_class: undefined, ...(byAgent ? {} : { [COUNT]: undefined }) };
}

export function retriedRuntime(
  { runtime }: Pick<TaskRecord, 'runtime'>,
  { number }: RetryPlan,
  failed: FailureClass,
): Record<string, unknown> {
  return { ...runtime, failure_class: failed, [COUNT]: number };
}

/** What brings a task back into its queue next. */
export type RetryStep =
  /** Out of `in_progress`: from then on an abort is refused, not lost. */
  | 'take-out'
  | 'enqueue'
  /** It is in its queue, or another agent has it. */
  | 'over'
  /** Its user asked for its end. */
  | 'stop';

/**
 * Each step leads to a status that the next look recognises, so that the retry resumes after an agent was killed in between.
 *
 * @param standing of the task on the server now
 */
export function retryStep(standing: TaskStanding, { started }: RetryPlan): RetryStep {
  if (standing === 'missing') return 'over';
  if (standing.status === 'created')
    return started !== undefined && standing.status_message === PULLED ? 'enqueue' : 'over';
  if (standing.status !== 'in_progress') return 'over';
  if (started !== undefined && (standing.started ?? '') !== started) return 'over';
  return isStopping(standing.status_message) ? 'stop' : 'take-out';
}
