import { AgentError } from '../../errors.js';
import type { ResolvedQueue } from './resolve-queues.js';
import { afterPull, firstTurns } from './weights.js';

/** Decides which queue is asked for a task first. */
export interface QueueOrder {
  /** @param queues in the order of `--queue` */
  arrange<Queue extends { id: string }>(queues: readonly Queue[]): Queue[];
  /** Called with the id of the queue that gave a task. */
  pulled(queue: string): void;
}

/** The first queue is asked first every time. */
export function priorityOrder(): QueueOrder {
  return { arrange: (queues) => [...queues], pulled: () => undefined };
}

/** The queue after the one that gave the last task is asked first, so each has its turn however full the others are. */
export function turnOrder(): QueueOrder {
  let last: string | undefined;
  return {
    arrange: (queues) => {
      const start = queues.findIndex(({ id }) => id === last) + 1;
      return [...queues.slice(start), ...queues.slice(0, start)];
    },
    pulled: (queue) => {
      last = queue;
    },
  };
}

/**
 * Tasks are taken in the ratio of the weights.
 *
 * @param weights by position in `--queue`
 * @param placeOf position of the queue with this id
 */
export function weightedOrder(
  weights: readonly number[],
  placeOf: (queue: string) => number | undefined,
): QueueOrder {
  let turns = firstTurns(weights);
  const turnOf = ({ id }: { id: string }) => turns[placeOf(id) ?? -1] ?? 0;
  return {
    arrange: (queues) => queues.toSorted((one, other) => turnOf(one) - turnOf(other)),
    pulled: (queue) => {
      const place = placeOf(queue);
      if (place !== undefined) turns = afterPull(turns, weights, place);
    },
  };
}

/** The order that the flags ask for. */
export function queueOrder(
  order: 'priority' | 'fair',
  queues: readonly Pick<ResolvedQueue, 'weight'>[],
  placeOf: (queue: string) => number | undefined,
): QueueOrder {
  if (queues.some(({ weight }) => weight !== undefined))
    return weightedOrder(
      queues.map(({ weight = 1 }) => weight),
      placeOf,
    );
  return order === 'fair' ? turnOrder() : priorityOrder();
}

/** @throws AgentError USAGE for weights that contradict another flag or have no effect */
export function checkWeights(order: 'priority' | 'fair', queues: readonly Pick<ResolvedQueue, 'weight'>[]) {
  if (queues.every(({ weight }) => weight === undefined)) return;
  if (order === 'fair')
    throw new AgentError('USAGE', '--order-fairness and weights in --queue are both given', {
      hint: 'Leave out --order-fairness; equal weights serve the queues in turn.',
    });
  if (queues.length === 1)
    throw new AgentError('USAGE', '--queue: a weight has no effect on the only queue', {
      hint: 'Leave out the weight, or name another queue.',
    });
}
