import { asObject, type JsonObject } from '../json.js';
import type { Database, Row } from '../storage/database.js';

export interface LogPageRequest {
  task: string;
  /** Events of the page, at least; all that share the last one's time come with it. */
  size: number;
  /** Towards older events. */
  earlier: boolean;
  /** Milliseconds; the page begins beyond it. Absent: at the end that is walked away from. */
  from: number | undefined;
  metrics: readonly string[];
}

/** One page of a task's log, in the direction of the walk: newest first when going earlier. */
export function logPage(database: Database, request: LogPageRequest): JsonObject[] {
  return logRows(database, request).map((row) => asObject(JSON.parse(String(row.body))));
}

/** The same as rows with `sequence` and `body`. */
export function logRows(database: Database, request: LogPageRequest): Row[] {
  const { task, size, earlier, from } = request;
  if (size === 0) return [];
  const direction = earlier ? 'DESC' : 'ASC';
  const beyond = from === undefined ? '' : `AND timestamp ${earlier ? '<' : '>'} ?`;
  const sql = `SELECT sequence, timestamp, body FROM log_events WHERE task = ? ${beyond}
    AND (json_array_length(?) = 0 OR metric IN (SELECT value FROM json_each(?)))
    ORDER BY timestamp ${direction}, sequence ${direction} LIMIT ?`;
  const metrics = JSON.stringify(request.metrics);
  const page = database.all(sql, task, ...(from === undefined ? [] : [from]), metrics, metrics, size);
  const last = page.at(-1);
  const more = page.length < size || last === undefined ? [] : sameTime(database, request, last);
  return [...page, ...more];
}

/** The next page starts beyond the last time, so its other events must come now. */
function sameTime(database: Database, { task, earlier, metrics }: LogPageRequest, last: Row): Row[] {
  const sql = `SELECT sequence, body FROM log_events WHERE task = ? AND timestamp = ? AND sequence ${earlier ? '<' : '>'} ?
    AND (json_array_length(?) = 0 OR metric IN (SELECT value FROM json_each(?)))
    ORDER BY sequence ${earlier ? 'DESC' : 'ASC'}`;
  const wanted = JSON.stringify(metrics);
  return database.all(sql, task, Number(last.timestamp), Number(last.sequence), wanted, wanted);
}

export function countLog(database: Database, task: string): number {
  return Number(database.get('SELECT count(*) AS n FROM log_events WHERE task = ?', task)?.n ?? 0);
}

/** All of a task's log, oldest first. */
export function logEvents(database: Database, task: string): JsonObject[] {
  const sql = 'SELECT body FROM log_events WHERE task = ? ORDER BY timestamp, sequence';
  return database.all(sql, task).map((row) => asObject(JSON.parse(String(row.body))));
}

export interface LogClearing {
  task: string;
  /** Milliseconds; absent: whenever it was. */
  before: number | undefined;
  /** Only these metrics, unless empty. */
  include: readonly string[];
  exclude: readonly string[];
}

/** Removes events of a task's log; how many. */
export function clearLog(database: Database, { task, before, include, exclude }: LogClearing): number {
  const sql = `DELETE FROM log_events WHERE task = ? AND timestamp < coalesce(?, timestamp + 1)
    AND (json_array_length(?) = 0 OR metric IN (SELECT value FROM json_each(?)))
    AND metric NOT IN (SELECT value FROM json_each(?))`;
  const included = JSON.stringify(include);
  const removed = database.run(sql, task, before ?? null, included, included, JSON.stringify(exclude));
  if (removed > 0) database.changes.note('log cleared', task);
  return removed;
}
