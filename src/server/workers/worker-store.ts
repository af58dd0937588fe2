import type { ServerContext } from '../context.js';
import { asObject, asText, isObject, type JsonObject } from '../json.js';

/** Reports kept of each worker: a day of one every 30 seconds. */
const MAX_REPORTS = 2880;

/** Key that holds the task in a stored report; no figure has this name. */
const TASK_KEY = 'task';

export interface Worker extends JsonObject {
  id: string;
  /** Seconds without a report after which the worker is forgotten. */
  register_timeout: number;
}

export interface OwnedWorker {
  user: string;
  worker: Worker;
}

export interface StatsReport {
  user: string;
  worker: string;
  /** Milliseconds. */
  timestamp: number;
  /** What the worker ran then. */
  task: string | undefined;
  stats: JsonObject;
}

/** Stores a worker and restarts its time to live. Workers of different users may share an id. */
export function putWorker(server: ServerContext, user: string, worker: Worker): void {
  server.database.run(
    'INSERT OR REPLACE INTO workers (user, id, expires, body) VALUES (?, ?, ?, ?)',
    user,
    worker.id,
    server.now() + worker.register_timeout * 1000,
    JSON.stringify(worker),
  );
  server.database.changes.note('workers', worker.id);
}

export function findWorker(server: ServerContext, user: string, id: string): Worker | undefined {
  const sql = 'SELECT body FROM workers WHERE user = ? AND id = ? AND expires > ?';
  return parse(server.database.get(sql, user, id, server.now())?.body);
}

/** All workers that have not expired, by id. */
export function liveWorkers(server: ServerContext): OwnedWorker[] {
  const rows = server.database.all(
    'SELECT user, body FROM workers WHERE expires > ? ORDER BY id',
    server.now(),
  );
  return rows.flatMap(({ user, body }) => {
    const worker = parse(body);
    return worker === undefined ? [] : [{ user: String(user), worker }];
  });
}

export function deleteWorker(server: ServerContext, user: string, id: string): void {
  server.database.run('DELETE FROM workers WHERE user = ? AND id = ?', user, id);
  server.database.run('DELETE FROM worker_reports WHERE user = ? AND worker = ?', user, id);
  server.database.changes.note('workers', id);
}

/** Removes what expired workers left. */
export function forgetExpired(server: ServerContext): void {
  const rows = server.database.all('SELECT user, id FROM workers WHERE expires <= ?', server.now());
  for (const { user, id } of rows) deleteWorker(server, String(user), String(id));
}

/** Keeps the machine figures of a report; the oldest of the worker give way. */
export function keepStats(server: ServerContext, report: StatsReport): void {
  const { user, worker, timestamp } = report;
  server.database.run(
    'INSERT INTO worker_reports (user, worker, timestamp, stats) VALUES (?, ?, ?, ?)',
    user,
    worker,
    timestamp,
    JSON.stringify({ ...report.stats, [TASK_KEY]: report.task }),
  );
  server.database.run(
    `DELETE FROM worker_reports WHERE sequence <= (SELECT sequence FROM worker_reports
     WHERE user = ?1 AND worker = ?2 ORDER BY sequence DESC LIMIT 1 OFFSET ?3) AND user = ?1 AND worker = ?2`,
    user,
    worker,
    MAX_REPORTS,
  );
}

/** Reports of a worker between two times (milliseconds), oldest first. */
export function reportsOf(
  server: ServerContext,
  { user, worker }: OwnedWorker,
  from: number,
  to: number,
): Omit<StatsReport, 'user' | 'worker'>[] {
  const sql = `SELECT timestamp, stats FROM worker_reports
    WHERE user = ? AND worker = ? AND timestamp BETWEEN ? AND ? ORDER BY timestamp`;
  return server.database.all(sql, user, worker.id, from, to).map((row) => {
    const { [TASK_KEY]: task, ...stats } = asObject(JSON.parse(String(row.stats)));
    return { timestamp: Number(row.timestamp), task: asText(task), stats };
  });
}

function parse(body: unknown): Worker | undefined {
  const value: unknown = typeof body === 'string' ? JSON.parse(body) : undefined;
  return isObject(value) && typeof value.id === 'string' ? (value as Worker) : undefined;
}
