import type { Call, EndpointTable } from '../call.js';
import { asText, type JsonObject } from '../json.js';
import { liveWorkers, type OwnedWorker, reportsOf } from '../workers/worker-store.js';

/** What workers said about their machines. */
export const workerStatsEndpoints: EndpointTable = {
  'workers.get_stats': { handler: getStats, required: ['from_date', 'to_date', 'interval', 'items'] },
};

type Aggregation = 'avg' | 'min' | 'max';

const AGGREGATIONS: Readonly<Record<Aggregation, (values: readonly number[]) => number>> = {
  avg: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
};

/** Figures by interval: dates are seconds, as is `interval`. */
function getStats(call: Call): JsonObject {
  const { server, params } = call;
  const ids = params.texts('worker_ids');
  const chosen = liveWorkers(server).filter(({ worker }) => ids.length === 0 || ids.includes(worker.id));
  const workers = chosen.map((owned) => ({ worker: owned.worker.id, metrics: metricsOf(call, owned) }));
  return { workers };
}

function metricsOf({ server, params }: Call, owned: OwnedWorker): JsonObject[] {
  const interval = Math.max(params.integer('interval', 1), 1) * 1000;
  const from = params.integer('from_date', 0) * 1000;
  const reports = reportsOf(server, owned, from, params.integer('to_date', 0) * 1000);
  return params.objects('items').flatMap((item) => {
    const key = asText(item.key) ?? '';
    const aggregate = aggregationOf(item);
    const buckets = new Map<number, number[]>();
    for (const { timestamp, stats } of reports) {
      const values = numbersOf(stats[key]);
      const bucket = from + Math.floor((timestamp - from) / interval) * interval;
      if (values.length > 0) buckets.set(bucket, [...(buckets.get(bucket) ?? []), ...values]);
    }
    if (buckets.size === 0) return [];
    const values = [...buckets.values()].map((each) => AGGREGATIONS[aggregate](each));
    return [{ metric: key, dates: [...buckets.keys()], stats: [{ aggregation: aggregate, values }] }];
  });
}

function aggregationOf(item: JsonObject): Aggregation {
  const { aggregation } = item;
  return aggregation === 'min' || aggregation === 'max' ? aggregation : 'avg';
}

function numbersOf(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((each): each is number => typeof each === 'number');
}
