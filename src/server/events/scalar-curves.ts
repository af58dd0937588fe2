import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';
import { isChosen, type MetricChoice } from './metric-choice.js';
import { metricsKey } from './metric-store.js';
import { curvesOf, type Points, pointsOfCurve } from './scalar-blocks.js';

export interface CurveRequest {
  task: string;
  /** Points of a curve, at most. */
  samples: number;
  /** What the x axis shows. */
  axis: 'iter' | 'timestamp' | 'iso_time';
  /** Empty: all. */
  metrics: readonly MetricChoice[];
}

/** All scalar curves of a task: `{metric: {variant: {name, x, y}}}`. Long ones are averaged by interval. */
export function scalarCurves(database: Database, request: CurveRequest): JsonObject {
  const curves = new Map<string, JsonObject>();
  const key = metricsKey(database, request.task);
  for (const curve of key === undefined ? [] : curvesOf(database, key)) {
    const { metric, variant } = curve;
    if (!isChosen(request.metrics, metric, variant)) continue;
    const points = pointsOfCurve(database, curve, request.axis === 'iter' ? 'iter' : 'timestamp');
    if (points.values.length === 0) continue;
    const { x, y } = thinned(request.axis === 'iter' ? points : inOrder(points), request.samples);
    const shown = request.axis === 'iso_time' ? x.map((time) => new Date(time).toISOString()) : x;
    curves.set(metric, { ...curves.get(metric), [variant]: { name: variant, x: shown, y } });
  }
  return Object.fromEntries(curves);
}

/** Points in the order of their x. */
function inOrder({ values, xs }: Points): Points {
  if (xs.every((x, index) => index === 0 || x >= (xs[index - 1] ?? 0))) return { values, xs };
  const order = [...xs.keys()].sort((a, b) => (xs[a] ?? 0) - (xs[b] ?? 0));
  const sorted = (of: Float64Array) => Float64Array.from(order, (index) => of[index] ?? 0);
  return { values: sorted(values), xs: sorted(xs) };
}

/** Points as they are if they are few, else averages of intervals, each shown by its beginning. */
function thinned({ values, xs }: Points, samples: number): { x: number[]; y: number[] } {
  if (values.length <= samples) return { x: [...xs], y: [...values] };
  const interval = Math.ceil(((xs.at(-1) ?? 0) - (xs[0] ?? 0) + 1) / samples);
  const x: number[] = [];
  const y: number[] = [];
  let sum = 0;
  let count = 0;
  // An interval begins at a multiple of its width, below 0 too.
  let start = Math.floor((xs[0] ?? 0) / interval) * interval;
  for (let index = 0; index <= xs.length; index += 1) {
    const own = xs[index];
    if (count > 0 && (own === undefined || own >= start + interval)) {
      x.push(start);
      y.push(sum / count);
      sum = 0;
      count = 0;
    }
    if (own === undefined) break;
    if (count === 0) start = Math.floor(own / interval) * interval;
    sum += values[index] ?? 0;
    count += 1;
  }
  return { x, y };
}
