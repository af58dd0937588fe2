import { AgentError } from '../../errors.js';
import type { FoundQueue } from './resolve-queues.js';

/** An entry of `--queue-limit`. */
export interface QueueLimit {
  /** As typed. */
  text: string;
  /** Name or id of the queue. */
  queue: string;
  /** Tasks of the queue that may run at once. */
  limit: number;
}

/** More tasks than any machine runs. */
const MOST = 10_000;

/** @throws AgentError USAGE */
export function parseQueueLimits(texts: readonly string[]): QueueLimit[] {
  return texts.map((text) => {
    const equals = text.lastIndexOf('=');
    if (equals <= 0) throw refusal(text, 'expected name=2');
    const digits = text.slice(equals + 1);
    const limit = Number(digits);
    if (!/^\d+$/.test(digits) || limit < 1 || limit > MOST)
      throw refusal(text, `a limit is a whole number from 1 to ${MOST}, got "${digits}"`);
    return { text, queue: text.slice(0, equals), limit };
  });
}

/**
 * The queues with their limits.
 *
 * @throws AgentError USAGE for a limit of a queue that is not among them, and for a second limit of one
 */
export function withLimits<Queue extends FoundQueue>(
  queues: readonly Queue[],
  limits: readonly QueueLimit[],
): readonly (Queue & { limit?: number })[] {
  const found = new Map<Queue, number>();
  for (const { text, queue: named, limit } of limits) {
    const queue =
      queues.find(({ id, name }) => id === named || name === named) ??
      queues.find(({ name }) => name.toLowerCase() === named.toLowerCase());
    if (queue === undefined)
      throw refusal(
        text,
        `this daemon serves no queue "${named}" (${queues.map(({ name }) => name).join(', ')})`,
      );
    if (found.has(queue)) throw refusal(text, `the queue "${queue.name}" has a limit already`);
    found.set(queue, limit);
  }
  return queues.map((queue) => {
    const limit = found.get(queue);
    return limit === undefined ? queue : { ...queue, limit };
  });
}

function refusal(text: string, problem: string): AgentError {
  return new AgentError('USAGE', `--queue-limit "${text}": ${problem}`, {
    hint: 'Write each limit as name=2, with a name of --queue without its weight and size.',
  });
}

/**
 * Whether a queue may have one more task at work.
 *
 * @param limits by position in `--queue`
 * @param runs those at work, by the ids of the queues that they came from
 * @param placeOf position of the queue with this id
 */
export function isBelowLimit(
  queue: string,
  limits: readonly (number | undefined)[],
  runs: readonly { queue?: string | undefined }[],
  placeOf: (queue: string) => number | undefined,
): boolean {
  const place = placeOf(queue);
  const limit = place === undefined ? undefined : limits[place];
  if (limit === undefined) return true;
  return runs.filter((run) => run.queue !== undefined && placeOf(run.queue) === place).length < limit;
}
