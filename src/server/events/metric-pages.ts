import { ApiError } from '../api-error.js';
import { asObject, type JsonObject } from '../json.js';
import type { Bindable, Database, Row } from '../storage/database.js';
import type { EventType } from './event-store.js';

export interface EventPage {
  events: JsonObject[];
  total: number;
  /** Continues after the last event; absent after the end. */
  scrollId?: string;
}

export interface EventPageRequest {
  task: string;
  type: EventType;
  size: number;
  descending: boolean;
  /** From the page before. */
  scrollId: string | undefined;
}

/** Events of one type by time, a page at a time. */
export function eventPage(database: Database, request: EventPageRequest): EventPage {
  const table = request.type === 'log' ? 'log_events' : 'metric_events';
  const typed = request.type === 'log' ? '' : 'AND type = ?';
  const scope: Bindable[] = [request.task, ...(request.type === 'log' ? [] : [request.type])];
  const [direction, beyond] = request.descending ? ['DESC', '<'] : ['ASC', '>'];
  const cursor = request.scrollId === undefined ? undefined : parseCursor(request.scrollId);
  const after = cursor === undefined ? '' : `AND (timestamp, sequence) ${beyond} (?, ?)`;
  const sql = `SELECT timestamp, sequence, body FROM ${table} WHERE task = ? ${typed} ${after}
    ORDER BY timestamp ${direction}, sequence ${direction} LIMIT ?`;
  const rows = database.all(sql, ...scope, ...(cursor ?? []), request.size);
  const count = database.get(`SELECT count(*) AS n FROM ${table} WHERE task = ? ${typed}`, ...scope);
  const last = rows.length < request.size ? undefined : rows.at(-1);
  return {
    events: rows.map(bodyOf),
    total: Number(count?.n ?? 0),
    ...(last === undefined ? {} : { scrollId: `${last.timestamp}-${last.sequence}` }),
  };
}

function parseCursor(scrollId: string): [number, number] {
  const match = /^(-?\d+)-(\d+)$/.exec(scrollId);
  if (match === null) throw new ApiError('invalid_scroll_id', { scroll_id: scrollId });
  return [Number(match[1]), Number(match[2])];
}

export interface LatestRequest {
  task: string;
  type: EventType;
  /** How many of the last iterations of each metric and variant. */
  iterations: number;
  /** All metrics when empty. */
  metrics: readonly string[];
  variants?: readonly string[];
}

/** The events of the last iterations of each metric and variant. */
export function latestEvents(database: Database, request: LatestRequest): JsonObject[] {
  const sql = `SELECT body FROM (
      SELECT body, metric, variant, iter, sequence,
        dense_rank() OVER (PARTITION BY metric, variant ORDER BY iter DESC) AS age
      FROM metric_events WHERE task = ? AND type = ?
      AND (json_array_length(?) = 0 OR metric IN (SELECT value FROM json_each(?)))
      AND (json_array_length(?) = 0 OR variant IN (SELECT value FROM json_each(?))))
    WHERE age <= ? ORDER BY metric, variant, iter DESC, sequence`;
  const metrics = JSON.stringify(request.metrics);
  const variants = JSON.stringify(request.variants ?? []);
  return database
    .all(sql, request.task, request.type, metrics, metrics, variants, variants, request.iterations)
    .map(bodyOf);
}

function bodyOf(row: Row): JsonObject {
  return asObject(JSON.parse(String(row.body)));
}
