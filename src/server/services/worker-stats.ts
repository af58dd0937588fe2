import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { asText, type JsonObject } from '../json.js';
import type { Params } from '../params.js';
import type { FieldTable } from '../request-fields.js';
import { MACHINE_STATS, STATS_CATEGORIES } from '../workers/machine-stats.js';
import { liveWorkers, type OwnedWorker, reportsOf } from '../workers/worker-store.js';

const AGGREGATIONS = {
  avg: (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values: readonly number[]) => Math.min(...values),
  max: (values: readonly number[]) => Math.max(...values),
};

type Aggregation = keyof typeof AGGREGATIONS;

const PERIOD: FieldTable = {
  worker_ids: 'texts',
  from_date: 'number!',
  to_date: 'number!',
  interval: 'integer!',
};

const ITEM: FieldTable = { key: Object.keys(MACHINE_STATS), aggregation: Object.keys(AGGREGATIONS) };

/** What workers said about their machines. */
export const workerStatsEndpoints: EndpointTable = {
  'workers.get_stats': { handler: getStats, fields: { ...PERIOD, items: { items: ITEM, atLeast: 1 } } },
  'workers.get_metric_keys': { handler: getMetricKeys, fields: { worker_ids: 'texts' } },
  'workers.get_activity_report': { handler: getActivity, fields: PERIOD },
};

/** Dates are seconds, as is the interval. @throws ApiError 400/12, 16 */
export function assertPeriod(params: Params): void {
  const from = params.number('from_date');
  const to = params.number('to_date');
  if (params.integer('interval', 1) < 1)
    throw new ApiError('validation_error', { field: 'interval' }, 'at least 1');
  if (from >= to) throw new ApiError('fields_value_error', { from_date: from, to_date: to }, 'not before');
}

/** Figures by interval. */
function getStats(call: Call): JsonObject {
  assertPeriod(call.params);
  return {
    workers: chosen(call).map((owned) => ({ worker: owned.worker.id, metrics: metricsOf(call, owned) })),
  };
}

function chosen({ server, params }: Call): OwnedWorker[] {
  const ids = params.texts('worker_ids');
  return liveWorkers(server).filter(({ worker }) => ids.length === 0 || ids.includes(worker.id));
}

function metricsOf({ server, params }: Call, owned: OwnedWorker): JsonObject[] {
  const { from, to, interval } = periodOf(params);
  const reports = reportsOf(server, owned, from, to);
  const metrics = new Map<string, JsonObject[]>();
  for (const item of params.objects('items')) {
    const key = asText(item.key) ?? '';
    const aggregation = (asText(item.aggregation) ?? 'avg') as Aggregation;
    const buckets = new Map<number, number[]>();
    for (const { timestamp, stats } of reports) {
      const values = numbersOf(stats[key]);
      const bucket = from + Math.floor((timestamp - from) / interval) * interval;
      if (values.length > 0) buckets.set(bucket, [...(buckets.get(bucket) ?? []), ...values]);
    }
    if (buckets.size === 0) continue;
    const values = [...buckets.values()].map((each) => AGGREGATIONS[aggregation](each));
    const stats = { aggregation, dates: [...buckets.keys()], values, resource_series: [] };
    metrics.set(key, [...(metrics.get(key) ?? []), stats]);
  }
  return [...metrics].map(([metric, stats]) => ({ metric, stats }));
}

/** In milliseconds. */
function periodOf(params: Params): { from: number; to: number; interval: number } {
  return {
    from: params.number('from_date') * 1000,
    to: params.number('to_date') * 1000,
    interval: params.integer('interval', 1) * 1000,
  };
}

function numbersOf(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((each): each is number => typeof each === 'number');
}

/** The figures that there are of the workers, by category. */
function getMetricKeys(call: Call): JsonObject {
  const reports = chosen(call).flatMap((owned) => reportsOf(call.server, owned, 0, Number.MAX_SAFE_INTEGER));
  const keys = new Set(
    reports.flatMap(({ stats }) => Object.keys(stats)).filter((key) => key in MACHINE_STATS),
  );
  const categories = STATS_CATEGORIES.map((name) => ({
    name,
    metric_keys: [...keys].filter((key) => key.startsWith(`${name}_`)).sort(),
  }));
  return { categories: categories.filter(({ metric_keys }) => metric_keys.length > 0) };
}

/** How many workers there were by interval, and how many of them ran a task. */
function getActivity(call: Call): JsonObject {
  assertPeriod(call.params);
  const { from, to, interval } = periodOf(call.params);
  const total = new Map<number, Set<string>>();
  const active = new Map<number, Set<string>>();
  for (const owned of chosen(call)) {
    for (const { timestamp, task } of reportsOf(call.server, owned, from, to)) {
      const bucket = from + Math.floor((timestamp - from) / interval) * interval;
      note(total, bucket, owned.worker.id);
      if (task !== undefined) note(active, bucket, owned.worker.id);
    }
  }
  return { total: series(total), active: series(active) };
}

function note(buckets: Map<number, Set<string>>, bucket: number, worker: string): void {
  const workers = buckets.get(bucket) ?? new Set();
  buckets.set(bucket, workers.add(worker));
}

function series(buckets: ReadonlyMap<number, ReadonlySet<string>>): JsonObject {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  return { dates: sorted.map(([date]) => date), counts: sorted.map(([, workers]) => workers.size) };
}
