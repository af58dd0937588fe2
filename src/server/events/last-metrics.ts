import { md5 } from '../ids.js';
import { asObject, type JsonObject } from '../json.js';
import type { StoredEvent } from './event-store.js';

/** Metrics of the machine; their iterations say nothing about the task's progress. */
const MACHINE_METRICS = new Set([':monitor:machine', ':monitor:gpu']);

/**
 * `last_metrics` after some scalars: by digest of metric and variant, the last value and its extremes. The last
 * of a batch is that of its highest iteration.
 */
export function withScalars(lastMetrics: JsonObject, events: readonly StoredEvent[]): JsonObject {
  return [...events].sort((a, b) => a.iter - b.iter).reduce(withScalar, lastMetrics);
}

/** `metric_stats` after some events: by digest of the metric, when which type of event came last. */
export function withStats(stats: JsonObject, events: readonly StoredEvent[], now: string): JsonObject {
  const result = { ...stats };
  for (const { type, metric } of events) {
    if (type === 'log') continue;
    const key = md5(metric);
    const types = asObject(asObject(result[key]).event_stats_by_type);
    result[key] = { metric, event_stats_by_type: { ...types, [type]: { last_update: now } } };
  }
  return result;
}

function withScalar(lastMetrics: JsonObject, event: StoredEvent): JsonObject {
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
  const { iter, metric, variant } = event;
  const count = numberOr(last.count, 0);
  const mean = numberOr(last.mean_value, 0);
  const isMin = value <= numberOr(last.min_value, Number.POSITIVE_INFINITY);
  const isMax = value >= numberOr(last.max_value, Number.NEGATIVE_INFINITY);
  return {
    ...(count === 0 ? { first_value: value, first_value_iteration: iter } : {}),
    ...last,
    metric,
    variant,
    value,
    ...(isMin ? { min_value: value, min_value_iteration: iter } : {}),
    ...(isMax ? { max_value: value, max_value_iteration: iter } : {}),
    count: count + 1,
    mean_value: mean + (value - mean) / (count + 1),
  };
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
