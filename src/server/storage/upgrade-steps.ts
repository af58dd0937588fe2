import { insertMovedLines } from '../events/log/log-store.js';
import type { JsonObject } from '../json.js';
import type { Database } from './database.js';
import { DocumentColumns } from './document-columns.js';

const TASKS_AT_ONCE = 100;
const LINES_AT_ONCE = 1000;

/** Writes what lists are made by for some tasks that lack it; whether there may be more. */
export function fillColumns(database: Database): boolean {
  const columns = new DocumentColumns(database);
  const sql = `SELECT body FROM tasks WHERE id > coalesce((SELECT max(id) FROM task_columns), '') ORDER BY id
    LIMIT ${TASKS_AT_ONCE}`;
  const rows = database.all(sql);
  for (const { body } of rows) columns.write(JSON.parse(String(body)));
  return rows.length === TASKS_AT_ONCE;
}

/** Moves some lines of a log from the table of earlier versions into a block; whether there may be more. */
export function moveLogEvents(database: Database): boolean {
  const first = database.get('SELECT task FROM log_events ORDER BY task LIMIT 1');
  if (first === undefined) return false;
  const task = String(first.task);
  const sql = `SELECT sequence, timestamp, body FROM log_events WHERE task = ? ORDER BY timestamp, sequence
    LIMIT ${LINES_AT_ONCE}`;
  const rows = database.all(sql, task);
  const lines = rows.map(({ timestamp, body }) => ({
    timestamp: Number(timestamp),
    body: JSON.parse(String(body)) as JsonObject,
  }));
  insertMovedLines(database, task, lines);
  for (const { sequence } of rows)
    database.run('DELETE FROM log_events WHERE sequence = ?', Number(sequence));
  return true;
}
