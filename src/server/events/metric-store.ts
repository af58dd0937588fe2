import { newId } from '../ids.js';
import type { Database } from '../storage/database.js';
import type { StoredEvent } from './event-store.js';
import { countScalars, noteScalar } from './scalar-blocks.js';

/** Rows that are removed in one step. */
const REMOVED_AT_ONCE = 300;
const BLOCKS_REMOVED_AT_ONCE = 50;

/**
 * The condition that rows of `metric_events` belong to an owner, whose id is bound. Rows have the key of the owner's store: a
 * removal gives the owner another one, and the rows of the old key go in the background.
 */
export const OF_OWNER = 'task = (SELECT key FROM metric_stores WHERE owner = ?)';

/** The key of an owner's events other than lines; `undefined`: it has none. */
export function metricsKey(database: Database, owner: string): string | undefined {
  const row = database.get('SELECT key FROM metric_stores WHERE owner = ?', owner);
  return row === undefined ? undefined : String(row.key);
}

/** Events other than lines. */
export function countMetrics(database: Database, owner: string): number {
  return Number(database.get('SELECT count FROM metric_stores WHERE owner = ?', owner)?.count ?? 0);
}

/** Stores events other than lines; one replaces that of the same type, metric, variant, iteration and key. */
export function addMetricEvents(database: Database, owner: string, events: readonly StoredEvent[]): void {
  if (events.length === 0) return;
  const key = metricsKey(database, owner) ?? openStore(database, owner);
  let added = 0;
  let scalars = 0;
  for (const event of events) {
    if (addMetricEvent(database, key, event)) added += 1;
    if (event.type !== 'training_stats_scalar') continue;
    noteScalar(database, { task: key, metric: event.metric, variant: event.variant }, event.iter);
    scalars += 1;
  }
  if (scalars > 0) countScalars(database, key, scalars);
  database.run('UPDATE metric_stores SET count = count + ? WHERE owner = ?', added, owner);
}

/** A key is that of its owner, unless rows of it are still to be removed. */
function openStore(database: Database, owner: string): string {
  const isTaken = database.get('SELECT 1 FROM removed_metrics WHERE key = ?', owner) !== undefined;
  const key = isTaken ? newId() : owner;
  database.run('INSERT INTO metric_stores (owner, key) VALUES (?, ?)', owner, key);
  return key;
}

/** Whether it is new. */
function addMetricEvent(database: Database, key: string, event: StoredEvent): boolean {
  const identity = [key, event.type, event.metric, event.variant, event.iter, event.key];
  const values = [event.timestamp, event.value, JSON.stringify(event.body)];
  const added = database.run(
    `INSERT INTO metric_events (task, type, metric, variant, iter, key, timestamp, value, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (task, type, metric, variant, iter, key) DO NOTHING`,
    ...identity,
    ...values,
  );
  if (added > 0) return true;
  database.run(
    `UPDATE metric_events SET timestamp = ?, value = ?, body = ?
     WHERE task = ? AND type = ? AND metric = ? AND variant = ? AND iter = ? AND key = ?`,
    ...values,
    ...identity,
  );
  return false;
}

/** Removes the events of an owner other than lines; how many there were. `removeMetricsOnce` gives their space back. */
export function deleteMetrics(database: Database, owner: string): number {
  const key = metricsKey(database, owner);
  if (key === undefined) return 0;
  const count = countMetrics(database, owner);
  database.run('DELETE FROM metric_stores WHERE owner = ?', owner);
  database.run('DELETE FROM loose_scalars WHERE task = ?', key);
  database.run('INSERT INTO removed_metrics (key) VALUES (?)', key);
  return count;
}

/** Removes some rows of a key that is gone; whether there was one. */
export function removeMetricsOnce(database: Database): boolean {
  const removed = database.get('SELECT key FROM removed_metrics LIMIT 1');
  if (removed === undefined) return false;
  const key = String(removed.key);
  const events = `DELETE FROM metric_events WHERE sequence IN
    (SELECT sequence FROM metric_events WHERE task = ? LIMIT ${REMOVED_AT_ONCE})`;
  const blocks = `DELETE FROM scalar_blocks WHERE block IN
    (SELECT block FROM scalar_blocks WHERE task = ? LIMIT ${BLOCKS_REMOVED_AT_ONCE})`;
  const isLeft =
    database.run(events, key) === REMOVED_AT_ONCE || database.run(blocks, key) === BLOCKS_REMOVED_AT_ONCE;
  if (!isLeft) database.run('DELETE FROM removed_metrics WHERE key = ?', key);
  return true;
}
