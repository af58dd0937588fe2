import { setTimeout as sleep } from 'node:timers/promises';
import { API_PROBLEM, isApiError, isTaskGone } from '../api/errors.js';
import { isPassing } from '../api/retry.js';
import type { TaskRecord, TaskStatus } from '../api/task-record.js';
import { isStopping } from '../api/tasks.js';
import { isDefaultDriver } from '../drivers/registry.js';
import { causeLine } from '../errors.js';
import type { AgentContext } from './context.js';
import type { StopReason } from './outcome.js';
import { claimedRuntime } from './retry-plan.js';
import { PULLED } from './status-texts.js';

/** What the web UI shows as `status_message` for every change by an agent. */
export function changedBy(workerId: string): string {
  return `Changed by clearml-agent ${workerId}`;
}

/** Without force, `tasks.started` is refused from these. */
const NEEDS_FORCE: ReadonlySet<TaskStatus | undefined> = new Set(['failed', 'closed', 'unknown', undefined]);

const LATER_MS = 1000;
/** Refusals and changes by others after which the claim is made by force, as the original makes it. */
const MOST_LOOKS = 5;

export interface ClaimRequest {
  task: string;
  /** It came from a queue; the statuses of a task that a user runs by hand mean nothing. */
  pulled: boolean;
  /** When it was put into the queue, by the server's clock. */
  queuedAt?: string;
  /** Told the task as it is before the claim. */
  seen?(record: TaskRecord): void;
}

type Pull = Omit<ClaimRequest, 'task' | 'seen'>;

/**
 * Takes a task: it is in progress from now on, and no abort or reset by the user is overwritten on the way. `tasks.dequeue`
 * alone changes the status under the condition that it is still `queued`; from `created`, which it leads to,
 * the server refuses a stop, so none can be lost before `tasks.started`, the only call after which `started` is set.
 * A reset leads to `created` too. The message tells it before that call, and the queue that it removed after it.
 *
 * @returns the task, or why it is not to be run. Its status texts are those that it had in its queue.
 * @throws AgentError TASK_NOT_FOUND, API_REFUSED
 */
export async function claimTask(
  ctx: AgentContext,
  { task, seen, ...pull }: ClaimRequest,
): Promise<TaskRecord | StopReason> {
  let reason: string | null | undefined;
  let queue: string | null | undefined;
  let started = false;
  for (let looks = 1; ; looks += 1) {
    const now = await ctx.tasks.getById(task);
    // Taking it out of its queue erases the reason that it went there for.
    reason ??= now.status_reason ?? '';
    queue ??= now.execution?.queue;
    const record = { ...now, status_reason: pull.pulled ? reason : '' };
    if (ctx.reportsStatus && !started && !isOurs(ctx, record)) {
      const ended = endedBefore(record, pull);
      if (ended) return ended;
      if (looks === 1) seen?.(record);
      started = (await take(ctx, record, looks >= MOST_LOOKS)) === 'started';
      continue;
    }
    if (ctx.reportsStatus && queue && !record.execution?.queue) return undoStart(ctx, task);
    return { ...record, runtime: claimedRuntime(record) };
  }
}

/** A reset that `tasks.started` has overwritten gets its status back. */
async function undoStart(ctx: AgentContext, task: string): Promise<StopReason> {
  await ctx.tasks.dequeue({ task, new_status: 'created', status_reason: RESET, status_message: RESET });
  return 'reset';
}

/** An answer to `tasks.started` that was lost on its way. */
function isOurs(ctx: AgentContext, { status, status_message }: TaskRecord): boolean {
  return status === 'in_progress' && status_message === changedBy(ctx.workerId);
}

/** An abort or a publication since the task was pulled. A stopped task in a queue is `queued` again once pulled. */
function endedBefore(record: TaskRecord, pull: Pull): StopReason | undefined {
  const { status, status_message } = record;
  const { pulled } = pull;
  if (status === 'queued' && isStoppedInPull(record, pull)) return 'stopped';
  if (status === 'published' || status === 'publishing') return 'status_changed';
  if (status === 'stopped') return pulled ? 'status_changed' : undefined;
  // A task is `queued` when it is pulled: another agent found it in no queue and runs it.
  if (status === 'in_progress' && pulled && status_message?.startsWith(changedBy('')))
    return 'status_changed';
  const asked = isStopping(status_message) && (pulled || status === 'created');
  if (asked && (status === 'created' || status === 'queued' || status === 'in_progress')) return 'stopped';
  if (isResetSincePull(record, pull)) return 'reset';
  if (!isStartedSincePull(record, pull)) return undefined;
  return status === 'queued' ? 'stopped' : 'status_changed';
}

/** A draft that was put into a queue by its entry alone is one since before that. */
function isResetSincePull(record: TaskRecord, pull: Pull): boolean {
  const { status, status_message } = record;
  return pull.pulled && status === 'created' && status_message !== PULLED && isChangedSince(record, pull);
}

/**
 * A start after the entry was made is that of a claim which took a reset and a new enqueueing for its own pull: the task
 * has run since, and its entry stayed. A task that was stopped in that run is `queued` again by the pull.
 */
function isStartedSincePull({ started }: TaskRecord, { pulled, queuedAt }: Pull): boolean {
  return pulled && Date.parse(started ?? '') > Date.parse(queuedAt ?? '');
}

/** What `tasks.reset` writes into a task. */
const RESET = 'reset';
/** What `tasks.stop` writes into a task that was queued. */
const STOPPED_BY = 'Stopped by ';

/**
 * `queues.get_next_task` takes the entry first and then makes a stopped task `queued`, so an abort between these two steps
 * loses its status; message and time stay.
 */
function isStoppedInPull(record: TaskRecord, pull: { queuedAt?: string }): boolean {
  return record.status_message?.startsWith(STOPPED_BY) === true && isChangedSince(record, pull);
}

/** Both times are the server's. */
function isChangedSince({ status_changed }: TaskRecord, { queuedAt }: { queuedAt?: string }): boolean {
  return Date.parse(status_changed ?? '') > Date.parse(queuedAt ?? '');
}

/** One step, after which the task has to be looked at again: out of its queue, or to its start. */
async function take(
  ctx: AgentContext,
  { id, status }: TaskRecord,
  byForce: boolean,
): Promise<'started' | 'not-yet'> {
  const force = byForce || NEEDS_FORCE.has(status);
  try {
    if (status === 'queued' && !byForce) {
      const change = { task: id, new_status: 'created', status_message: PULLED } as const;
      await ctx.tasks.dequeue(change);
      return 'not-yet';
    }
    await ctx.tasks.started(
      {
        task: id,
        status_reason: 'worker started execution',
        status_message: changedBy(ctx.workerId),
        ...(force ? { force } : {}),
      },
      { retry: 'none', sendOnce: true },
    );
    return 'started';
  } catch (error) {
    if (!isPassing(error) && (byForce || !isWorthAnotherLook(error))) throw error;
    if (!isChangedMeanwhile(error)) await sleep(LATER_MS);
    return 'not-yet';
  }
}

function isWorthAnotherLook(error: unknown): boolean {
  return isChangedMeanwhile(error) || isApiError(error, 500);
}

function isChangedMeanwhile(error: unknown): boolean {
  return (
    isApiError(error, ...API_PROBLEM.invalidTaskStatus) ||
    isApiError(error, ...API_PROBLEM.failedChangingStatus)
  );
}

/** Runtime property with the kind of the driver that runs a task, where that is not the default one. */
export const RUN_BY = '_exec_agent_driver';

/** The host's name goes to the task's runtime, where the web UI shows it. A failure is no reason to stop. */
export async function noteHost(ctx: AgentContext, record: TaskRecord): Promise<void> {
  const { kind } = ctx.driver;
  const place = { [RUN_BY]: isDefaultDriver(kind) ? undefined : kind };
  const runtime = { ...record.runtime, _exec_agent_hostname: ctx.hostName, ...place };
  try {
    await ctx.tasks.edit({ task: record.id, force: true, runtime });
  } catch (error) {
    if (isTaskGone(error)) return;
    ctx.logger.warn(`task ${record.id}: cannot note the host's name: ${causeLine(error)}`);
  }
}
