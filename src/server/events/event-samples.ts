import { asObject, type JsonObject } from '../json.js';
import type { Bindable, Database } from '../storage/database.js';
import type { BrowsedType } from './event-browsing.js';
import { OF_OWNER } from './metric-store.js';

/** What a client looks at, one image (or the plots of one metric) at a time. */
export interface SampleView {
  type: BrowsedType;
  task: string;
  metric: string;
  /** Of images. */
  variant?: string;
  iteration?: number;
  /** Whether only the metric that was asked for is looked at. */
  staysInMetric: boolean;
  ranges: SampleRange[];
}

/** The iterations of a metric (of a variant of it, for images) that have events. */
export interface SampleRange {
  metric: string;
  variant?: string;
  min: number;
  max: number;
}

/** Ranges of images begin with the oldest file that was not overwritten since. */
export function sampleRanges(
  database: Database,
  { type, task, metric, staysInMetric }: Omit<SampleView, 'ranges'>,
): SampleRange[] {
  const [where, parameters] = scope({ type, task, metric: staysInMetric ? metric : undefined });
  const sql =
    type === 'plot'
      ? `SELECT metric, NULL AS variant, min(iter) AS low, max(iter) AS high FROM metric_events WHERE ${where}
         GROUP BY metric ORDER BY metric`
      : `SELECT metric, variant, min(last) AS low, max(last) AS high FROM (
           SELECT metric, variant, max(iter) AS last FROM metric_events WHERE ${where}
           GROUP BY metric, variant, json_extract(body, '$.url'))
         GROUP BY metric, variant ORDER BY metric, variant`;
  return database.all(sql, ...parameters).map((row) => ({
    metric: String(row.metric),
    ...(row.variant === null ? {} : { variant: String(row.variant) }),
    min: Number(row.low),
    max: Number(row.high),
  }));
}

/** The events at the iteration asked for, or at the last one before it. */
export function sampleAt(database: Database, view: SampleView, iteration: number | undefined): JsonObject[] {
  const [where, parameters] = scope(view);
  const range = rangeOf(view);
  if (range === undefined) return [];
  const low = view.type === 'plot' ? [] : [range.min];
  const bounds = `${low.length === 0 ? '' : 'AND iter >= ?'} AND iter <= coalesce(?, iter)`;
  const sql = `SELECT body, iter FROM metric_events WHERE ${where} ${bounds} ORDER BY ${orderOf(view, 'DESC')}`;
  return firstSample(database, view, sql, [...parameters, ...low, iteration ?? null]);
}

/** The next events in a direction: of another variant or metric of this iteration, else of another iteration. */
export function nextSample(
  database: Database,
  view: SampleView,
  { earlier, nextIteration }: { earlier: boolean; nextIteration: boolean },
): JsonObject[] {
  const { type, task, metric, variant, iteration = 0, staysInMetric, ranges } = view;
  const [sign, direction] = earlier ? ['<', 'DESC'] : ['>', 'ASC'];
  const [where, parameters] = scope({ type, task, metric: staysInMetric ? metric : undefined });
  const isPlot = type === 'plot';
  const here = isPlot ? `(iter = ? AND metric ${sign} ?)` : `(iter = ? AND (metric, variant) ${sign} (?, ?))`;
  const ofHere: Bindable[] = isPlot ? [iteration, metric] : [iteration, metric, variant ?? ''];
  const staysHere = !nextIteration && !(isPlot && staysInMetric);
  const condition = staysHere ? `(iter ${sign} ? OR ${here})` : `iter ${sign} ?`;
  const sql = `SELECT body, iter, metric, variant FROM metric_events WHERE ${where} AND ${condition}
    ORDER BY ${orderOf(view, direction)}`;
  const bound = [...parameters, iteration, ...(staysHere ? ofHere : [])];
  const isValid = (row: Record<string, unknown>) =>
    isPlot ||
    ranges.some(
      (range) =>
        range.metric === row.metric && range.variant === row.variant && Number(row.iter) >= range.min,
    );
  return firstSample(database, view, sql, bound, isValid);
}

/** The range that a view is in. */
export function rangeOf({ ranges, metric, variant }: SampleView): SampleRange | undefined {
  return ranges.find((range) => range.metric === metric && range.variant === variant);
}

function scope({
  type,
  task,
  metric,
  variant,
}: Partial<Pick<SampleView, 'metric' | 'variant'>> & Pick<SampleView, 'type' | 'task'>): [
  string,
  Bindable[],
] {
  const conditions = [
    OF_OWNER,
    'type = ?',
    ...(type === 'plot' ? [] : ["json_extract(body, '$.url') IS NOT NULL"]),
    ...(metric === undefined ? [] : ['metric = ?']),
    ...(variant === undefined ? [] : ['variant = ?']),
  ];
  const parameters = [task, type, metric, variant].filter((each) => each !== undefined);
  return [conditions.join(' AND '), parameters];
}

function orderOf({ type }: SampleView, direction: string): string {
  const names =
    type === 'plot' ? `metric ${direction}, variant` : `metric ${direction}, variant ${direction}`;
  return `iter ${direction}, ${names}, json_extract(body, '$.url') DESC`;
}

/** One image, or all plots of a metric at an iteration. */
function firstSample(
  database: Database,
  { type }: SampleView,
  sql: string,
  parameters: readonly Bindable[],
  isValid: (row: Record<string, unknown>) => boolean = () => true,
): JsonObject[] {
  const rows = database.all(sql, ...parameters).filter(isValid);
  const events = rows.map((row) => asObject(JSON.parse(String(row.body))));
  const [first] = events;
  if (first === undefined) return [];
  if (type !== 'plot') return [first];
  return events
    .filter(({ iter, metric }) => iter === first.iter && metric === first.metric)
    .slice(0, MAX_PLOTS);
}

const MAX_PLOTS = 100;
