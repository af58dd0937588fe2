import type { TaskRequirements } from '../api/task-record.js';
import { causeLine } from '../errors.js';
import type { QueueEntry } from '../runs/journal.js';
import type { AgentContext } from './context.js';
import { restoreRequirements } from './retry.js';

export interface PutBack {
  task: string;
  /** `undefined`: the server's default queue, at its end. */
  queue: string | undefined;
  /** The task's status reason. */
  reason: string;
  /** What its user listed, before this machine froze it. */
  requirements?: TaskRequirements | undefined;
}

/** Puts a task to the front of its queue, whatever its status. Its log stays. */
export async function putBack(
  ctx: AgentContext,
  { task, queue, reason, requirements }: PutBack,
  signal?: AbortSignal,
): Promise<void> {
  await restoreRequirements(ctx, { task, requirements }, callOf(signal));
  const queueOf = queue === undefined ? {} : { queue };
  await ctx.tasks.enqueue({ task, ...queueOf, force: true, status_reason: reason }, callOf(signal));
  if (queue !== undefined) await toFront(ctx, { task, queue }, signal);
}

/** Of a task that waits in the queue. A failure costs the task its place and nothing else. */
export async function toFront(
  { queues, logger }: AgentContext,
  { task, queue }: QueueEntry,
  signal?: AbortSignal,
): Promise<void> {
  await queues.moveTaskToFront({ queue, task }, callOf(signal)).catch((error: unknown) => {
    logger.warn(`task ${task}: is at the end of its queue, not at the front: ${causeLine(error)}`);
  });
}

function callOf(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { signal };
}
