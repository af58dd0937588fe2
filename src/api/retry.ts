import { isAgentError } from '../errors.js';
import { type Backoff, backoffDelay } from '../os/backoff.js';
import { ApiError, ConnectionError } from './errors.js';

/**
 * `forever`: until it works or the signal aborts, as the original does. `bounded`: a few attempts, for a first
 * contact that may fail. `none`: one attempt, for loops with a rhythm of their own.
 */
export type RetryMode = 'forever' | 'bounded' | 'none';

export interface RetryPolicy {
  backoff: Backoff;
  /** Attempts of a `bounded` call after the first. */
  boundedRetries: number;
  /** Statuses that are repeated besides those of the table. */
  extraStatuses: readonly number[];
}

/** The server or something in front of it is busy or away; the original repeats 429, 502, 503 and 509. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504, 509]);

/** A 500 is often the server's database starting, but one that stays is a bug: it is given up after this many. */
const INTERNAL_ERROR_RETRIES = 8;
/** A server that is known sends an answer that is none: a page of a proxy, for a moment. */
const FOREIGN_ANSWER_RETRIES = 3;
/** A server may ask for any wait; longer ones than this are cut, milliseconds. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** Callers that must retry at the same moment spread over this, milliseconds. */
const RETRY_AFTER_SPREAD_MS = 1000;

/**
 * Whether a failed attempt is worth repeating, and after how long.
 *
 * @param failures attempts that failed so far, this one included
 * @returns milliseconds, or `undefined` when the error is to be thrown
 */
export function retryDelay(
  error: unknown,
  failures: number,
  { mode, policy, random }: { mode: RetryMode; policy: RetryPolicy; random: () => number },
): number | undefined {
  const most = retriesFor(error, mode, policy);
  if (failures > most) return undefined;
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
  if (asked === undefined) return backoffDelay(failures, policy.backoff, random);
  return Math.min(asked, LONGEST_RETRY_AFTER_MS) + random() * RETRY_AFTER_SPREAD_MS;
}

/** True for errors that say that the server itself is away, not that it dislikes one call. */
export function meansAway(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && error.status >= 502 && PASSING_STATUSES.has(error.status);
}

/** True for errors that the same call may not meet a little later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return !error.lasting;
  return error instanceof ApiError && PASSING_STATUSES.has(error.status);
}

/**
 * The wait that a `Retry-After` header asks for: seconds, or a date.
 *
 * @returns milliseconds, or `undefined` without a usable header
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function retriesFor(error: unknown, mode: RetryMode, policy: RetryPolicy): number {
  const most = { forever: Number.POSITIVE_INFINITY, bounded: policy.boundedRetries, none: 0 }[mode];
  if (error instanceof ConnectionError) return error.lasting ? 0 : most;
  if (isAgentError(error, 'API_ANSWER')) return Math.min(most, FOREIGN_ANSWER_RETRIES);
  if (!(error instanceof ApiError)) return 0;
  if (PASSING_STATUSES.has(error.status) || policy.extraStatuses.includes(error.status)) return most;
  return error.status === 500 ? Math.min(most, INTERNAL_ERROR_RETRIES) : 0;
}
