import { parseDate } from '../dates.js';
import type { JsonObject } from '../json.js';
import type { TaskDocument } from '../tasks/task-document.js';

const DAY_MS = 86_400_000;

/** The days of a report, of midnight to midnight where who asks lives. */
export interface Days {
  /** Milliseconds since 1970 of the first midnight. */
  start: number;
  count: number;
}

/** A stretch of time in which a task ran. */
export interface Running {
  from: number;
  to: number;
}

/**
 * The days from one date to another, both included.
 *
 * @param offsetMs of the time zone
 */
export function daysBetween(from: number, to: number, offsetMs: number): Days {
  const midnight = (time: number) => Math.floor((time + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
  const start = midnight(from);
  return { start, count: Math.floor((midnight(to) - start) / DAY_MS) + 1 };
}

/** When a task ran within the days; `undefined` if it did not. A failed task ran until its status changed. */
export function runningTime(
  { started, completed, status, status_changed }: TaskDocument,
  { start, count }: Days,
  now: number,
): Running | undefined {
  const began = started === undefined ? undefined : parseDate(started);
  if (began === undefined) return undefined;
  const ended = status === 'in_progress' ? now : parseDate(completed ?? status_changed ?? '');
  if (ended === undefined) return undefined;
  const running = { from: Math.max(began, start), to: Math.min(ended, start + count * DAY_MS) };
  return running.from < running.to ? running : undefined;
}

/** Seconds of each day. */
export function secondsByDay({ start, count }: Days, running: readonly Running[]): number[] {
  const seconds = Array.from({ length: count }, () => 0);
  for (const { from, to } of running)
    for (let day = Math.floor((from - start) / DAY_MS); day < count; day += 1) {
      const [begins, ends] = [start + day * DAY_MS, start + (day + 1) * DAY_MS];
      if (begins >= to) break;
      const share = Math.floor(Math.min(to, ends) / 1000) - Math.floor(Math.max(from, begins) / 1000);
      seconds[day] = (seconds[day] ?? 0) + share;
    }
  return seconds;
}

/** Seconds of a day, and those times the processors and GPUs of the queue. */
export const USAGE_FIELDS = ['duration', 'cpu_usage', 'gpu_usage'] as const;
export type UsageField = (typeof USAGE_FIELDS)[number];

/** One entry of `total` and of `series`. Queues have no resources here, so each task counts as one of each. */
export function usageEntries(
  group: { id: string | null; name: string | null },
  days: Days,
  seconds: readonly number[],
  fields: readonly UsageField[],
): { total: JsonObject; series: JsonObject } {
  const sum = seconds.reduce((all, one) => all + one, 0);
  const weights = Object.fromEntries(
    fields
      .filter((field) => field !== 'duration')
      .map((field) => [field.replace('_usage', '_artificial_weights'), true]),
  );
  const of = <T>(value: T) => Object.fromEntries(fields.map((field) => [field, value]));
  const dates = seconds.map((_, day) => (days.start + day * DAY_MS) / 1000);
  return {
    total: { ...group, ...of(sum), ...weights },
    series: { ...group, dates, ...of([...seconds]), ...weights },
  };
}
