import { asObject, type JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';
import { isChosen, type MetricChoice } from './metric-choice.js';
import { OF_OWNER } from './metric-store.js';
import { SINGLE_VALUE_ITERATION } from './single-value.js';

export interface ScalarPoint {
  metric: string;
  variant: string;
  iter: number;
  /** Milliseconds. */
  timestamp: number;
  value: number;
}

const COLUMNS = 'metric, variant, iter, timestamp, value';
const SCALARS = `${OF_OWNER} AND type = 'training_stats_scalar' AND value IS NOT NULL`;

/** Values that describe an owner as a whole, by metric. */
export function singleValues(
  database: Database,
  task: string,
  metrics: readonly MetricChoice[],
): ScalarPoint[] {
  const sql = `SELECT ${COLUMNS} FROM metric_events WHERE ${SCALARS} AND iter = ? ORDER BY metric, variant`;
  return database
    .all(sql, task, SINGLE_VALUE_ITERATION)
    .map(pointOf)
    .filter(({ metric, variant }) => isChosen(metrics, metric, variant));
}

/** The value of the last iteration of each metric and variant. */
export function latestPoints(database: Database, task: string): ScalarPoint[] {
  const sql = `SELECT ${COLUMNS} FROM (SELECT ${COLUMNS},
      row_number() OVER (PARTITION BY metric, variant ORDER BY iter DESC) AS age
    FROM metric_events WHERE ${SCALARS}) WHERE age = 1 ORDER BY metric, variant`;
  return database.all(sql, task).map(pointOf);
}

/** The points of a metric by iteration. */
export function pointsOf(database: Database, task: string, metric: string): ScalarPoint[] {
  const sql = `SELECT ${COLUMNS} FROM metric_events WHERE ${SCALARS} AND metric = ? ORDER BY variant, iter`;
  return database.all(sql, task, metric).map(pointOf);
}

/** The scalar events of a metric as they were reported, newest first. */
export function scalarEvents(database: Database, task: string, metric: string): JsonObject[] {
  const sql = `SELECT body FROM metric_events WHERE ${OF_OWNER} AND type = 'training_stats_scalar' AND metric = ?
    ORDER BY timestamp DESC, sequence DESC`;
  return database.all(sql, task, metric).map((row) => asObject(JSON.parse(String(row.body))));
}

/** The metrics of a kind of events, and the variants of each. */
export function metricNames(
  database: Database,
  task: string,
  type: string | undefined,
): Map<string, string[]> {
  const sql = `SELECT DISTINCT metric, variant FROM metric_events
    WHERE ${OF_OWNER} AND type = coalesce(?, type) ORDER BY metric, variant`;
  const names = new Map<string, string[]>();
  for (const { metric, variant } of database.all(sql, task, type ?? null)) {
    names.set(String(metric), [...(names.get(String(metric)) ?? []), String(variant)]);
  }
  return names;
}

/** The metrics of a kind of events that have iterations. */
export function iteratedMetrics(database: Database, task: string, type: string): string[] {
  const sql = `SELECT DISTINCT metric FROM metric_events
    WHERE ${OF_OWNER} AND type = ? AND iter <> ? ORDER BY metric`;
  return database.all(sql, task, type, SINGLE_VALUE_ITERATION).map((row) => String(row.metric));
}

function pointOf(row: Record<string, unknown>): ScalarPoint {
  return {
    metric: String(row.metric),
    variant: String(row.variant),
    iter: Number(row.iter),
    timestamp: Number(row.timestamp),
    value: Number(row.value),
  };
}
