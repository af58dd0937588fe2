import { md5 } from '../ids.js';
import { asObject, type JsonObject } from '../json.js';
import type { StoredEvent } from './event-store.js';

/** Metrics of the machine; their iterations say nothing about the task's progress. */
const MACHINE_METRICS = new Set([':monitor:machine', ':monitor:gpu']);

/** `last_metrics` of a task after a scalar: by digest of metric and variant, the last value and its extremes. */
export function withScalar(lastMetrics: JsonObject, event: StoredEvent): JsonObject {
  if (event.value === null) return lastMetrics;
  const metricKey = md5(event.metric);
  const variantKey = md5(event.variant);
  const variants = asObject(lastMetrics[metricKey]);
  const updated = summary(asObject(variants[variantKey]), event, event.value);
  return { ...lastMetrics, [metricKey]: { ...variants, [variantKey]: updated } };
}

/** The iteration that a batch brings a task to. */
export function lastIteration(present: number, events: readonly StoredEvent[]): number {
  const counted = events.filter((event) => !MACHINE_METRICS.has(event.metric)).map((event) => event.iter);
  return counted.reduce((last, iteration) => Math.max(last, iteration), present);
}

function summary(last: JsonObject, event: StoredEvent, value: number): JsonObject {
  const { iter, metric, variant, timestamp } = event;
  const count = numberOr(last.count, 0);
  const mean = numberOr(last.mean_value, 0);
  const isLatest = iter >= numberOr(last.iter, Number.NEGATIVE_INFINITY);
  const isMin = value <= numberOr(last.min_value, Number.POSITIVE_INFINITY);
  const isMax = value >= numberOr(last.max_value, Number.NEGATIVE_INFINITY);
  return {
    ...(count === 0 ? { first_value: value, first_value_iteration: iter } : {}),
    ...last,
    metric,
    variant,
    ...(isLatest ? { value, iter, timestamp } : {}),
    ...(isMin ? { min_value: value, min_value_iteration: iter } : {}),
    ...(isMax ? { max_value: value, max_value_iteration: iter } : {}),
    count: count + 1,
    mean_value: mean + (value - mean) / (count + 1),
  };
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
