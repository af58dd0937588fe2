import { logRows } from '../events/log-pages.js';
import { asObject, type JsonObject } from '../json.js';
import type { Database, Row } from '../storage/database.js';

/** A line as the stream sends it; `n` grows within a log. */
export interface LiveLine extends JsonObject {
  n: number;
  timestamp: number;
}

export interface LiveRows {
  /** By task, oldest first. */
  lines: Map<string, LiveLine[]>;
  /** Up to here rows were read. */
  position: number;
  /** There may be more behind it. */
  more: boolean;
}

/** Rows and characters that are read at once: enough to be quick, few enough to keep memory flat. */
const MOST_ROWS = 2000;
const MOST_CHARACTERS = 1_000_000;

/** The number of the last line of all logs; 0 without any. */
export function lastPosition(database: Database): number {
  return Number(database.get('SELECT max(sequence) AS n FROM log_events')?.n ?? 0);
}

/** The lines of these tasks that came after a position. */
export function rowsAfter(database: Database, after: number, tasks: readonly string[]): LiveRows {
  if (tasks.length === 0) return { lines: new Map(), position: lastPosition(database), more: false };
  const sql = `SELECT sequence, task, timestamp, body FROM log_events
    WHERE sequence > ? AND +task IN (SELECT value FROM json_each(?)) ORDER BY sequence LIMIT ${MOST_ROWS}`;
  const rows = database.all(sql, after, JSON.stringify(tasks));
  const lines: LiveRows['lines'] = new Map();
  let characters = 0;
  for (const row of rows) {
    const task = String(row.task);
    const known = lines.get(task);
    if (known === undefined) lines.set(task, [lineOf(row)]);
    else known.push(lineOf(row));
    characters += String(row.body).length;
    if (characters > MOST_CHARACTERS) return { lines, position: Number(row.sequence), more: true };
  }
  const last = Number(rows.at(-1)?.sequence ?? after);
  const more = rows.length === MOST_ROWS;
  return { lines, position: more ? last : Math.max(last, lastPosition(database)), more };
}

/** The last lines of a log, oldest first, and all others of the first one's millisecond. */
export function lastLines(database: Database, task: string, size: number): LiveLine[] {
  const rows = logRows(database, { task, size, earlier: true, from: undefined, metrics: [] });
  return rows.reverse().map(lineOf);
}

function lineOf({ sequence, body }: Row): LiveLine {
  const { timestamp, level, worker, msg } = asObject(JSON.parse(String(body)));
  return { n: Number(sequence), timestamp: Number(timestamp), level, worker, msg };
}

/**
 * A position as clients keep it. The line's time is in it, because numbers of removed lines are used again.
 */
export function tokenOf(database: Database, position: number): string {
  const row = database.get('SELECT timestamp FROM log_events WHERE sequence = ?', position);
  return row === undefined ? String(position) : `${position}-${Number(row.timestamp)}`;
}

/** The position that a client has kept; `undefined` if its line is no longer there. */
export function positionOf(database: Database, token: string): number | undefined {
  const position = Number(token.split('-', 1)[0]);
  if (token === '0') return 0;
  return token.includes('-') && tokenOf(database, position) === token ? position : undefined;
}
