import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';
import { SINGLE_VALUE_ITERATION } from './event-store.js';
import { isChosen, type MetricChoice } from './metric-choice.js';

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
  const column = request.axis === 'iter' ? 'iter' : 'timestamp';
  const curves = new Map<string, JsonObject>();
  const sql = `SELECT metric, variant, min(${column}) AS low, max(${column}) AS high, count(*) AS n FROM metric_events
    WHERE task = ? AND type = 'training_stats_scalar' AND iter <> ? AND value IS NOT NULL
    GROUP BY metric, variant ORDER BY metric, variant`;
  for (const row of database.all(sql, request.task, SINGLE_VALUE_ITERATION)) {
    const metric = String(row.metric);
    const variant = String(row.variant);
    if (!isChosen(request.metrics, metric, variant)) continue;
    const span = Number(row.high) - Number(row.low) + 1;
    const interval = Number(row.n) <= request.samples ? 0 : Math.ceil(span / request.samples);
    const curve = points(database, request, { metric, variant, column, interval });
    curves.set(metric, { ...curves.get(metric), [variant]: { name: variant, ...curve } });
  }
  return Object.fromEntries(curves);
}

interface Curve {
  metric: string;
  variant: string;
  column: 'iter' | 'timestamp';
  /** Width of an averaged interval; 0 leaves the points as they are. */
  interval: number;
}

function points(
  database: Database,
  { task, axis }: CurveRequest,
  curve: Curve,
): { x: (number | string)[]; y: number[] } {
  const { metric, variant, column, interval } = curve;
  // An interval begins at a multiple of its width, below 0 too, and is shown by its beginning.
  const start = `${column} - ((${column} % ${interval}) + ${interval}) % ${interval}`;
  const [x, group] = interval === 0 ? [column, 'sequence'] : [start, start];
  const sql = `SELECT min(${x}) AS x, avg(value) AS y FROM metric_events
    WHERE task = ? AND type = 'training_stats_scalar' AND metric = ? AND variant = ? AND iter <> ?
    AND value IS NOT NULL GROUP BY ${group} ORDER BY x`;
  const rows = database.all(sql, task, metric, variant, SINGLE_VALUE_ITERATION);
  const whole = rows.map((row) => Number(row.x));
  return {
    x: axis === 'iso_time' ? whole.map((time) => new Date(time).toISOString()) : whole,
    y: rows.map((row) => Number(row.y)),
  };
}
