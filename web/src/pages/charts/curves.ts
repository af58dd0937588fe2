import { call } from '../../api/client.js';
import type { ChartSeries } from '../../components/chart.js';

export type XAxis = 'iter' | 'time' | 'elapsed';

export const X_AXES: readonly (readonly [XAxis, string])[] = [
  ['iter', 'Iteration'],
  ['elapsed', 'Time since the start'],
  ['time', 'Time of day'],
];

interface Curve {
  name: string;
  x: number[];
  y: number[];
}

/** Scalars by metric and variant. */
export type Curves = Record<string, Record<string, Curve>>;

/** One chart. */
export interface CurveGroup {
  title: string;
  series: ChartSeries[];
}

export async function askCurves(task: string, axis: XAxis, signal: AbortSignal): Promise<Curves> {
  const key = axis === 'iter' ? 'iter' : 'timestamp';
  return call<Curves>('events.scalar_metrics_iter_histogram', { task, key, samples: 2000 }, { signal });
}

/** What the machine reported comes last. */
export function byMetric(curves: Curves, axis: XAxis): CurveGroup[] {
  const start = Math.min(
    ...Object.values(curves).flatMap((variants) => Object.values(variants).map(({ x }) => x[0] ?? Infinity)),
  );
  return Object.entries(curves)
    .sort(([a], [b]) => Number(a.startsWith(':')) - Number(b.startsWith(':')) || a.localeCompare(b))
    .map(([metric, variants]) => ({
      title: metric.replace(/^:monitor:/, 'Monitor: '),
      series: Object.entries(variants).map(([variant, { x, y }]) => ({
        label: variant,
        x: onAxis(x, axis, start),
        y,
      })),
    }));
}

/** Seconds since the start, where that is asked for. */
export function onAxis(x: readonly number[], axis: XAxis, start: number): readonly number[] {
  return axis === 'elapsed' ? x.map((time) => (time - start) / 1000) : x;
}

export function kindOf(axis: XAxis): 'number' | 'time' | 'duration' {
  return ({ iter: 'number', time: 'time', elapsed: 'duration' } as const)[axis];
}
