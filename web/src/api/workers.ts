import { call } from './client.js';
import type { Named } from './task.js';

export interface Worker {
  id: string;
  ip?: string;
  key: string;
  register_time?: string;
  last_activity_time?: string;
  user?: Named;
  task?: Named & { running_time?: number; last_iteration?: number };
  project?: Named;
  queue?: Named;
  queues: (Named & { num_tasks?: number })[];
  tags?: string[];
}

/** Workers that gave a sign of life in the last ten minutes, by id. */
export async function askWorkers(signal?: AbortSignal): Promise<Worker[]> {
  const { workers } = await call<{ workers: Worker[] }>('workers.get_all', { last_seen: 600 }, { signal });
  return workers.toSorted((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/** One curve: milliseconds and values. */
export interface Curve {
  x: number[];
  y: number[];
  /** The values of each GPU, in the order of the worker's reports; empty for one GPU, and if they were not asked for. */
  devices: (number | null)[][];
}

/** Curves of a worker by figure and aggregation: `gpu_usage avg`. */
export type WorkerCurves = ReadonlyMap<string, Curve>;

interface Stats {
  worker: string;
  metrics: { metric: string; stats: FigureStats[] }[];
}

interface FigureStats {
  aggregation: string;
  dates: number[];
  values: number[];
  resource_series: { values: (number | null)[] }[];
}

const FIGURES = [
  'cpu_usage',
  'memory_used',
  'memory_free',
  'gpu_usage',
  'gpu_memory_used',
  'gpu_memory_free',
  'gpu_temperature',
  'network_rx',
  'network_tx',
  'disk_read',
  'disk_write',
  'disk_free_home',
];

/**
 * What workers said about their machines.
 *
 * @param workers all of them, if empty
 * @param seconds until now
 * @param points of each curve, at most
 * @param devices whether each GPU has its curve
 */
export async function askCurves(
  workers: readonly string[],
  { seconds, points, devices = false }: { seconds: number; points: number; devices?: boolean },
  signal?: AbortSignal,
): Promise<Map<string, WorkerCurves>> {
  const now = Date.now() / 1000;
  const { workers: stats } = await call<{ workers: Stats[] }>(
    'workers.get_stats',
    {
      from_date: now - seconds,
      to_date: now,
      interval: Math.max(1, Math.round(seconds / points)),
      worker_ids: workers,
      split_by_resource: devices,
      items: FIGURES.map((key) => ({ key, aggregation: 'avg' })),
    },
    { signal },
  );
  return new Map(stats.map(({ worker, metrics }) => [worker, curvesOf(metrics)]));
}

function curvesOf(metrics: Stats['metrics']): WorkerCurves {
  const entries = metrics.flatMap(({ metric, stats }) =>
    stats.map(({ aggregation, dates, values, resource_series: each }): [string, Curve] => [
      `${metric} ${aggregation}`,
      { x: dates, y: values, devices: each.map((one) => one.values) },
    ]),
  );
  return new Map(entries);
}

/** The last value of a figure; undefined for a machine that does not have it. */
export function lastOf(curves: WorkerCurves | undefined, figure: string): number | undefined {
  return curves?.get(figure)?.y.at(-1);
}

/** How much of a whole is used, in percent, from what is used and what is free. */
export function usedPart(curves: WorkerCurves | undefined, figure: string): number | undefined {
  const used = lastOf(curves, `${figure}_used avg`);
  const free = lastOf(curves, `${figure}_free avg`);
  if (used === undefined || free === undefined || used + free <= 0) return undefined;
  return (100 * used) / (used + free);
}
