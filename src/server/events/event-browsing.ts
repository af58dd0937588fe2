import { asObject, asObjects, type JsonObject, setField } from '../json.js';
import type { Bindable, Database } from '../storage/database.js';
import type { EventType } from './event-store.js';
import { isChosen, type MetricChoice } from './metric-choice.js';
import { OF_OWNER } from './metric-store.js';

/** Kinds of events that clients page through by iteration. */
export type BrowsedType = Extract<EventType, 'training_debug_image' | 'plot'>;

/** How far a client has paged through the events of one task. */
export interface TaskBrowsing {
  task: string;
  /** By `metric\0variant`: iterations up to this one show an image that was overwritten since; null: none. */
  variants: Map<string, number | null>;
  /** The iterations of the last page; none before the first one. */
  page?: { min: number; max: number };
}

export interface PageRequest {
  type: BrowsedType;
  iterations: number;
  earlier: boolean;
}

/** The events of a debug image that has a file; of plots, all. */
function shown(type: BrowsedType): string {
  return `${OF_OWNER} AND type = '${type}'${type === 'plot' ? '' : " AND json_extract(body, '$.url') IS NOT NULL"}`;
}

/** Begins to page through the metrics of a task; none chosen: all of them. */
export function beginBrowsing(
  database: Database,
  type: BrowsedType,
  task: string,
  choices: readonly MetricChoice[],
): TaskBrowsing {
  const sql = `SELECT metric, variant, json_extract(body, '$.url') AS url, max(iter) AS last,
      max(CASE WHEN iter < top THEN iter END) AS second
    FROM (SELECT *, max(iter) OVER (PARTITION BY metric, variant, json_extract(body, '$.url')) AS top
      FROM metric_events WHERE ${shown(type)})
    GROUP BY metric, variant, url ORDER BY last DESC`;
  const variants = new Map<string, number | null>();
  for (const row of database.all(sql, task)) {
    const key = `${row.metric}\0${row.variant}`;
    if (variants.has(key) || !isChosen(choices, String(row.metric), String(row.variant))) continue;
    variants.set(key, type === 'plot' || row.second === null ? null : Number(row.second));
  }
  return { task, variants };
}

/** The events of the next iterations, newest first, by metric and variant; and moves on. */
export function nextPage(database: Database, browsing: TaskBrowsing, request: PageRequest): JsonObject[] {
  const { task, variants, page } = browsing;
  // The first page is always that of the newest iterations.
  const earlier = request.earlier || page === undefined;
  const range = page === undefined ? '' : earlier ? 'AND iter < ?' : 'AND iter > ?';
  const bounds: Bindable[] = page === undefined ? [] : [earlier ? page.min : page.max];
  const metrics = JSON.stringify([...new Set([...variants.keys()].map((key) => key.split('\0', 1)[0]))]);
  const scope = `${shown(request.type)} AND metric IN (SELECT value FROM json_each(?)) ${range}`;
  const sql = `SELECT body, iter, metric, variant FROM metric_events WHERE ${scope} AND iter IN (
      SELECT DISTINCT iter FROM metric_events WHERE ${scope} ORDER BY iter ${earlier ? 'DESC' : 'ASC'} LIMIT ?)
    ORDER BY iter DESC, metric, variant, ${request.type === 'plot' ? 'timestamp' : "json_extract(body, '$.url')"} DESC`;
  const scoped = [task, metrics, ...bounds];
  const iterations = new Map<number, JsonObject[]>();
  let last = '';
  for (const row of database.all(sql, ...scoped, ...scoped, request.iterations)) {
    const key = `${row.metric}\0${row.variant}`;
    const iter = Number(row.iter);
    const invalid = variants.get(key);
    const isRepeated = last === `${iter}\0${key}`;
    last = `${iter}\0${key}`;
    if (isRepeated || invalid === undefined || (invalid !== null && iter <= invalid)) continue;
    iterations.set(iter, [...(iterations.get(iter) ?? []), asObject(JSON.parse(String(row.body)))]);
  }
  const seen = [...iterations.keys()];
  if (seen.length > 0) browsing.page = { min: Math.min(...seen), max: Math.max(...seen) };
  return [...iterations].map(([iter, events]) => ({ iter, events }));
}

/** The plots of each metric, variant, task and iteration: `{metric: {variant: {task: {iter: {name, plots}}}}}`. */
export function plotTree(events: readonly JsonObject[], names: ReadonlyMap<string, string>): JsonObject {
  const tree: JsonObject = {};
  for (const event of events) {
    const task = String(event.task);
    let level = tree;
    for (const key of [String(event.metric), String(event.variant), task]) {
      const inner = asObject(level[key]);
      setField(level, key, inner);
      level = inner;
    }
    const iteration = String(event.iter);
    const plots = [...asObjects(asObject(level[iteration]).plots), event];
    level[iteration] = { name: names.get(task) ?? null, plots };
  }
  return tree;
}
