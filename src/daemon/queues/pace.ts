/** How often the queues are looked at: as a user asked for, or by how long ago something happened. */
export type Pace = { kind: 'fixed'; ms: number } | { kind: 'adaptive' };

export interface Standing {
  /** Since a task was pulled or ended, or a new one was seen in a queue, milliseconds. */
  quietMs: number;
  /** Looks that found nothing since the poller was asked for a task. */
  looks: number;
  /** What the look took, milliseconds. */
  lookMs: number;
}

/**
 * Between the beginnings of two looks, milliseconds. The longest, with its spread and a look of 0.15 s, stays below 6 s;
 * the shortest of an idle daemon leaves 11 looks and one report of the worker for any minute.
 */
const BUSY_MS = 500;
const IDLE_MS = 5620;
/** From the pace of a busy daemon to that of an idle one, an interval is this part of the quiet time. */
const QUIET_PART = 1 / 80;

/** The intervals are up to this part longer, so that a fleet of agents does not ask in step. */
const SPREAD = { fixed: 0.2, adaptive: 0.04 };

/** A pipeline queues its next step when one has ended, so the first looks at a fixed pace come close together. */
const FIRST_MS = [250, 500, 1000];

/**
 * The wait after a look that found nothing, milliseconds. A slow server gets at least half of the interval without a look.
 *
 * @param random from 0 up to 1
 */
export function waitAfterLook(pace: Pace, { quietMs, looks, lookMs }: Standing, random: number): number {
  const interval =
    pace.kind === 'fixed'
      ? Math.min(FIRST_MS[looks] ?? pace.ms, pace.ms)
      : Math.min(Math.max(quietMs * QUIET_PART, BUSY_MS), IDLE_MS);
  const spread = interval * (1 + random * SPREAD[pace.kind]);
  return Math.max(spread - lookMs, spread / 2);
}
