import { ApiError } from '../api-error.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { type Body, flag, integer, listOf, number, object, oneOf, required, texts } from '../schema.js';
import { MACHINE_STATS, STATS_CATEGORIES } from '../workers/machine-stats.js';
import { liveWorkers, type OwnedWorker, reportsOf } from '../workers/worker-store.js';

const AGGREGATIONS = {
  avg: (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values: readonly number[]) => Math.min(...values),
  max: (values: readonly number[]) => Math.max(...values),
};

type Aggregation = keyof typeof AGGREGATIONS;

/** Dates are seconds, as is the interval. */
export const PERIOD = {
  from_date: required(number),
  to_date: required(number),
  interval: required({ ...integer, minimum: 1 }),
} as const;

const WORKERS = { worker_ids: texts } as const;
const OF_WORKERS = { ...PERIOD, ...WORKERS } as const;
const ITEM = object({
  key: oneOf(Object.keys(MACHINE_STATS)),
  aggregation: oneOf(Object.keys(AGGREGATIONS) as Aggregation[]),
});
/** `split_by_resource` is this server's own: a series for each GPU or processor beside the figures of all. */
const STATS = { ...OF_WORKERS, items: required(listOf(ITEM)), split_by_resource: flag } as const;

/** What workers said about their machines. */
export const workerStatsEndpoints: EndpointTable = {
  'workers.get_stats': endpoint(STATS, getStats),
  'workers.get_metric_keys': endpoint(WORKERS, getMetricKeys),
  'workers.get_activity_report': endpoint(OF_WORKERS, getActivity),
};

/** @throws ApiError 400/16 */
export function assertPeriod({ from_date: from, to_date: to }: Body<typeof PERIOD>): void {
  if (from >= to) throw new ApiError('fields_value_error', { from_date: from, to_date: to }, 'not before');
}

/** Figures by interval. */
function getStats(call: CallWith<typeof STATS>): JsonObject {
  assertPeriod(call.body);
  return {
    workers: chosen(call).map((owned) => ({ worker: owned.worker.id, metrics: metricsOf(call, owned) })),
  };
}

function chosen({ server, body }: CallWith<typeof WORKERS>): OwnedWorker[] {
  const { worker_ids: ids = [] } = body;
  return liveWorkers(server).filter(({ worker }) => ids.length === 0 || ids.includes(worker.id));
}

function metricsOf({ server, body }: CallWith<typeof STATS>, owned: OwnedWorker): JsonObject[] {
  const { from, to, interval } = periodOf(body);
  const reports = reportsOf(server, owned, from, to);
  const metrics = new Map<string, JsonObject[]>();
  for (const item of body.items) {
    const { key = '', aggregation = 'avg' } = item;
    const buckets = new Map<number, number[][]>();
    for (const { timestamp, stats } of reports) {
      const values = numbersOf(stats[key]);
      const bucket = from + Math.floor((timestamp - from) / interval) * interval;
      if (values.length > 0) buckets.set(bucket, [...(buckets.get(bucket) ?? []), values]);
    }
    if (buckets.size === 0) continue;
    const aggregate = AGGREGATIONS[aggregation];
    const stats = {
      aggregation,
      dates: [...buckets.keys()],
      values: [...buckets.values()].map((each) => aggregate(each.flat())),
      resource_series: body.split_by_resource === true ? resourcesOf([...buckets.values()], aggregate) : [],
    };
    metrics.set(key, [...(metrics.get(key) ?? []), stats]);
  }
  return [...metrics].map(([metric, stats]) => ({ metric, stats }));
}

/**
 * A series for each place in the lists that were reported, if there are several; `null` where it was not reported.
 *
 * @param buckets lists by interval
 */
function resourcesOf(
  buckets: readonly (readonly number[][])[],
  aggregate: (values: readonly number[]) => number,
): JsonObject[] {
  const count = Math.max(...buckets.flat().map((list) => list.length));
  if (count < 2) return [];
  return Array.from({ length: count }, (_, index) => ({
    name: String(index),
    values: buckets.map((lists) => {
      const values = lists.flatMap((list) => list[index] ?? []);
      return values.length === 0 ? null : aggregate(values);
    }),
  }));
}

/** In milliseconds. */
function periodOf(body: Body<typeof PERIOD>): { from: number; to: number; interval: number } {
  return {
    from: body.from_date * 1000,
    to: body.to_date * 1000,
    interval: body.interval * 1000,
  };
}

function numbersOf(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((each): each is number => typeof each === 'number');
}

/** The figures that there are of the workers, by category. */
function getMetricKeys(call: CallWith<typeof WORKERS>): JsonObject {
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
function getActivity(call: CallWith<typeof OF_WORKERS>): JsonObject {
  assertPeriod(call.body);
  const { from, to, interval } = periodOf(call.body);
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
