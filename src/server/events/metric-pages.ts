import { ApiError } from '../api-error.js';
import { asObject, type JsonObject } from '../json.js';
import type { Bindable, Database, Row } from '../storage/database.js';
import type { EventType } from './event-store.js';
import type { MetricChoice } from './metric-choice.js';

export interface EventPage {
  events: JsonObject[];
  total: number;
  /** Continues after the last event; absent after the end. */
  scrollId?: string;
}

export interface EventPageRequest {
  task: string;
  type: EventType | 'all';
  size: number;
  descending: boolean;
  /** From the page before. */
  scrollId: string | undefined;
  /** Empty: all. */
  metrics?: readonly MetricChoice[];
}

/** The events of a task in one table: `kind` orders those of the same time. */
const LOG = `SELECT timestamp, 0 AS kind, sequence, 'log' AS type, metric, '' AS variant, body
  FROM log_events WHERE task = ?`;
const OTHERS = `SELECT timestamp, 1 AS kind, sequence, type, metric, variant, body
  FROM metric_events WHERE task = ?`;

/** Events by time, a page at a time. */
export function eventPage(database: Database, request: EventPageRequest): EventPage {
  const { task, type, descending, size } = request;
  const typed = type === 'all' || type === 'log' ? '' : ' AND type = ?';
  const tables = type === 'log' ? [LOG] : type === 'all' ? [LOG, OTHERS] : [`${OTHERS}${typed}`];
  const scope: Bindable[] = type === 'all' ? [task, task] : typed === '' ? [task] : [task, type];
  const [chosen, ofChosen] = chosenMetrics(request.metrics ?? []);
  const [direction, beyond] = descending ? ['DESC', '<'] : ['ASC', '>'];
  const cursor = request.scrollId === undefined ? undefined : parseCursor(request.scrollId);
  const after = cursor === undefined ? '' : `AND (timestamp, kind, sequence) ${beyond} (?, ?, ?)`;
  const all = `FROM (${tables.join(' UNION ALL ')}) WHERE ${chosen}`;
  const sql = `SELECT timestamp, kind, sequence, body ${all} ${after}
    ORDER BY timestamp ${direction}, kind ${direction}, sequence ${direction} LIMIT ?`;
  const rows = database.all(sql, ...scope, ...ofChosen, ...(cursor ?? []), size);
  const count = database.get(`SELECT count(*) AS n ${all}`, ...scope, ...ofChosen);
  const last = rows.length < size ? undefined : rows.at(-1);
  return {
    events: rows.map(bodyOf),
    total: Number(count?.n ?? 0),
    ...(last === undefined ? {} : { scrollId: `${last.timestamp}-${last.kind}-${last.sequence}` }),
  };
}

function parseCursor(scrollId: string): number[] {
  const match = /^(-?\d+)-([01])-(\d+)$/.exec(scrollId);
  if (match === null) throw new ApiError('invalid_scroll_id', { scroll_id: scrollId });
  return match.slice(1).map(Number);
}

/** The condition that a metric and variant are among those chosen, and what it binds. */
function chosenMetrics(choices: readonly MetricChoice[]): [string, Bindable[]] {
  if (choices.length === 0) return ['1', []];
  const one = ({ variants }: MetricChoice) =>
    variants.length === 0 ? 'metric = ?' : '(metric = ? AND variant IN (SELECT value FROM json_each(?)))';
  const bound = choices.flatMap(({ metric, variants }) =>
    variants.length === 0 ? [metric] : [metric, JSON.stringify(variants)],
  );
  return [`(${choices.map(one).join(' OR ')})`, bound];
}

export function countEvents(database: Database, task: string, type: EventType): number {
  const sql = 'SELECT count(*) AS n FROM metric_events WHERE task = ? AND type = ?';
  return Number(database.get(sql, task, type)?.n ?? 0);
}

export interface LatestRequest {
  task: string;
  type: EventType;
  /** How many of the last iterations. */
  iterations: number;
  /** All metrics when empty. */
  choices: readonly MetricChoice[];
  /** Whose last iterations count: of each variant (default), each metric, or the task. */
  ofWhole?: 'variant' | 'metric' | 'task';
}

const PARTITIONS = { variant: 'metric, variant', metric: 'metric', task: 'task' } as const;

/** The events of the last iterations of each metric and variant. */
export function latestEvents(database: Database, request: LatestRequest): JsonObject[] {
  const [chosen, ofChosen] = chosenMetrics(request.choices);
  const sql = `SELECT body FROM (
      SELECT body, metric, variant, iter, sequence,
        dense_rank() OVER (PARTITION BY ${PARTITIONS[request.ofWhole ?? 'variant']} ORDER BY iter DESC) AS age
      FROM metric_events WHERE task = ? AND type = ? AND ${chosen})
    WHERE age <= ? ORDER BY metric, variant, iter DESC, sequence`;
  return database.all(sql, request.task, request.type, ...ofChosen, request.iterations).map(bodyOf);
}

function bodyOf(row: Row): JsonObject {
  return asObject(JSON.parse(String(row.body)));
}
