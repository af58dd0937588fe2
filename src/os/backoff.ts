export interface Backoff {
  /** Upper bound of the first wait, milliseconds; it doubles with every further failure. */
  baseMs: number;
  /** Upper bound of any wait, milliseconds. */
  capMs: number;
  /** No wait is shorter than this, so that luck with the jitter never makes a flood. */
  floorMs: number;
}

/**
 * How long to wait after the `failures`th failure in a row: a random part of a bound that doubles, so that
 * many agents which lost the same server do not come back in step.
 *
 * @param random gives a number from 0 up to 1
 * @returns milliseconds
 */
export function backoffDelay(
  failures: number,
  { baseMs, capMs, floorMs }: Backoff,
  random: () => number,
): number {
  const bound = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(floorMs, random() * bound);
}
