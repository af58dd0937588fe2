/** What the server says of one queue in a pass. */
export interface QueueState {
  id: string;
  /** Waiting tasks, first to be taken first; `undefined` when the server does not tell. */
  entries: readonly string[] | undefined;
  /** Whether schedule, tags and properties allow pulling from it now. */
  allowed: boolean;
}

/**
 * The queues to ask in this pass, in order.
 *
 * Priority order starts at the first queue every time. Fair order starts after the queue that was served last,
 * so each queue gets its turn however full the others are.
 *
 * @param lastServed id of the queue that gave the last task
 */
export function queuesToAsk(
  queues: readonly QueueState[],
  order: 'priority' | 'fair',
  lastServed: string | undefined,
): QueueState[] {
  const start = order === 'fair' ? queues.findIndex((queue) => queue.id === lastServed) + 1 : 0;
  const turn = [...queues.slice(start), ...queues.slice(0, start)];
  return turn.filter((queue) => queue.allowed && queue.entries?.length !== 0);
}
