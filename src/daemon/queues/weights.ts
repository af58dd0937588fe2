import { AgentError } from '../../errors.js';

/** Larger ones would keep a queue of weight 1 from its turn for hours. */
const MOST_WEIGHT = 1000;

/** `name:3` in its two parts; `undefined` for a text without them. */
export function splitWeight(text: string): { name: string; weight: string } | undefined {
  const colon = text.lastIndexOf(':');
  return colon > 0 ? { name: text.slice(0, colon), weight: text.slice(colon + 1) } : undefined;
}

/** Whether what follows a colon was meant as a number, well written or not. */
export function isNumberLike(weight: string): boolean {
  return /^[-+.]*\d/.test(weight);
}

/**
 * @param text the entry of `--queue`
 * @throws AgentError USAGE
 */
export function weightOf(text: string, weight: string): number {
  const number = Number(weight);
  if (/^\d+$/.test(weight) && number >= 1 && number <= MOST_WEIGHT) return number;
  throw new AgentError(
    'USAGE',
    `--queue "${text}": a weight is a whole number from 1 to ${MOST_WEIGHT}, got "${weight}"`,
    { hint: 'Write each queue as name:3; a queue without a weight has weight 1.' },
  );
}

/** How far each queue is from its next turn, by its position; the queue with the least is next. */
export type Turns = readonly number[];

/** Half a turn: a queue with a large weight comes first, and small ones are not served in a row at the start. */
export function firstTurns(weights: readonly number[]): Turns {
  return weights.map((weight) => 1 / (2 * weight));
}

/**
 * The queue that gave a task waits for 1/weight of a turn, and the others are nearer to theirs. None comes nearer than 0, so a
 * queue that could not be served meanwhile has no more than one task of advance.
 *
 * @param served position of the queue that gave the task
 */
export function afterPull(turns: Turns, weights: readonly number[], served: number): Turns {
  const passed = turns[served] ?? 0;
  return turns.map((turn, at) => (at === served ? 1 / (weights[at] ?? 1) : Math.max(0, turn - passed)));
}
