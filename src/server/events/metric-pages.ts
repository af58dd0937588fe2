import { ApiError } from '../api-error.js';
import { asObject, type JsonObject } from '../json.js';
import type { Bindable, Database, Row } from '../storage/database.js';
import { EVENT_TYPES, type EventType } from './event-store.js';
import { countLines, findLog } from './log/log-store.js';
import { type LogPlace, walkLog } from './log/log-walk.js';
import type { MetricChoice } from './metric-choice.js';
import { countMetrics, OF_OWNER } from './metric-store.js';

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

/** Events of the same time are ordered by kind: those of the log (0) come before others (1). */
interface Ordered {
  timestamp: number;
  kind: number;
  sequence: number;
  body(): JsonObject;
}

/** Events by time, a page at a time. */
export function eventPage(database: Database, request: EventPageRequest): EventPage {
  const { type, descending, size } = request;
  const cursor = request.scrollId === undefined ? undefined : parseCursor(request.scrollId);
  const page = [
    ...(type === 'all' || type === 'log' ? logPart(database, request, cursor) : []),
    ...(type === 'log' ? [] : metricPart(database, request, cursor)),
  ];
  const sign = descending ? -1 : 1;
  const events = page.sort((a, b) => sign * compare(a, b)).slice(0, size);
  const last = events.length < size ? undefined : events.at(-1);
  return {
    events: events.map((event) => event.body()),
    total: total(database, request),
    ...(last === undefined ? {} : { scrollId: `${last.timestamp}-${last.kind}-${last.sequence}` }),
  };
}

type Cursor = Omit<Ordered, 'body'>;

function compare(a: Cursor, b: Cursor): number {
  return a.timestamp - b.timestamp || a.kind - b.kind || a.sequence - b.sequence;
}

function parseCursor(scrollId: string): Cursor {
  const match = /^(-?\d+)-([01])-(\d+)$/.exec(scrollId);
  if (match === null) throw new ApiError('invalid_scroll_id', { scroll_id: scrollId });
  const [timestamp = 0, kind = 0, sequence = 0] = match.slice(1).map(Number);
  return { timestamp, kind, sequence };
}

function logPart(
  database: Database,
  { task, descending, size, metrics = [] }: EventPageRequest,
  cursor: Cursor | undefined,
): Ordered[] {
  const known = findLog(database, task);
  const chosen = chosenOfLog(metrics);
  if (known === undefined || chosen === undefined) return [];
  // From an event of another kind the walk continues before or after all lines of its time.
  const from = cursor === undefined ? undefined : cursor.kind === 0 ? cursor : beyondLines(cursor.timestamp);
  const page: Ordered[] = [];
  for (const line of walkLog(database, { log: known.log, descending, from, metrics: chosen })) {
    const { timestamp, sequence, block, index } = line;
    page.push({ timestamp, sequence, kind: 0, body: () => block.body(index) });
    if (page.length === size) break;
  }
  return page;
}

/** Lines come before events of other kinds, in either direction. */
function beyondLines(timestamp: number): LogPlace {
  return { timestamp, sequence: Number.POSITIVE_INFINITY };
}

/** The metrics of lines among those chosen, which have no variant; `undefined`: none. */
function chosenOfLog(metrics: readonly MetricChoice[]): string[] | undefined {
  const chosen = metrics.filter(({ variants }) => variants.length === 0 || variants.includes(''));
  return metrics.length > 0 && chosen.length === 0 ? undefined : chosen.map(({ metric }) => metric);
}

/** Each kind has its own order in the index; together they are the page. */
function metricPart(
  database: Database,
  { task, type, descending, size, metrics = [] }: EventPageRequest,
  cursor: Cursor | undefined,
): Ordered[] {
  const [chosen, ofChosen] = chosenMetrics(metrics);
  const [direction, beyond] = descending ? ['DESC', '<'] : ['ASC', '>'];
  const after = cursor === undefined ? '' : `AND (timestamp, sequence) ${beyond} (?, ?)`;
  // Lines come before others of the same time.
  const bound = cursor === undefined ? [] : [cursor.timestamp, cursor.kind === 0 ? -1 : cursor.sequence];
  const sql = `SELECT timestamp, sequence, body FROM metric_events WHERE ${OF_OWNER} AND type = ?
    AND ${chosen} ${after} ORDER BY timestamp ${direction}, sequence ${direction} LIMIT ?`;
  const types = EVENT_TYPES.filter((each) => each !== 'log' && (type === 'all' || each === type));
  const rows = types.flatMap((each) => database.all(sql, task, each, ...ofChosen, ...bound, size));
  return rows.map((row) => ({
    timestamp: Number(row.timestamp),
    sequence: Number(row.sequence),
    kind: 1,
    body: () => bodyOf(row),
  }));
}

function total(database: Database, { task, type, metrics = [] }: EventPageRequest): number {
  const chosenLines = type === 'all' || type === 'log' ? chosenOfLog(metrics) : undefined;
  const lines = chosenLines === undefined ? 0 : countLines(database, task, chosenLines);
  if (type === 'log') return lines;
  if (type === 'all' && metrics.length === 0) return lines + countMetrics(database, task);
  const [chosen, ofChosen] = chosenMetrics(metrics);
  const sql = `SELECT count(*) AS n FROM metric_events WHERE ${OF_OWNER} AND type = coalesce(?, type) AND ${chosen}`;
  return lines + Number(database.get(sql, task, type === 'all' ? null : type, ...ofChosen)?.n ?? 0);
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
  const sql = `SELECT count(*) AS n FROM metric_events WHERE ${OF_OWNER} AND type = ?`;
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
      FROM metric_events WHERE ${OF_OWNER} AND type = ? AND ${chosen})
    WHERE age <= ? ORDER BY metric, variant, iter DESC, sequence`;
  return database.all(sql, request.task, request.type, ...ofChosen, request.iterations).map(bodyOf);
}

function bodyOf(row: Row): JsonObject {
  return asObject(JSON.parse(String(row.body)));
}
