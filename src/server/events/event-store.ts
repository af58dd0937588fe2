import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';
import { deleteLog } from './log/log-removal.js';
import { appendLog } from './log/log-store.js';
import { countScalars, deleteScalarBlocks, noteScalar } from './scalar-blocks.js';

export const EVENT_TYPES = [
  'log',
  'training_stats_scalar',
  'training_stats_vector',
  'training_debug_image',
  'plot',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** An event with its identity read out; `body` is the whole of it. */
export interface StoredEvent {
  type: EventType;
  task: string;
  /** Milliseconds. */
  timestamp: number;
  metric: string;
  variant: string;
  iter: number;
  key: string;
  value: number | null;
  body: JsonObject;
}

export function isEventType(type: string): type is EventType {
  return (EVENT_TYPES as readonly string[]).includes(type);
}

/**
 * Stores events of one task. Log events are always added; another one replaces that of the same task, type, metric,
 * variant, iteration and key.
 *
 * @param now milliseconds since 1970
 */
export function addEvents(
  database: Database,
  task: string,
  events: readonly StoredEvent[],
  now: number,
): void {
  const lines = events.filter(({ type }) => type === 'log');
  let scalars = 0;
  for (const event of events) {
    if (event.type === 'log') continue;
    addMetricEvent(database, event);
    if (event.type !== 'training_stats_scalar') continue;
    noteScalar(database, event, event.iter);
    scalars += 1;
  }
  if (scalars > 0) countScalars(database, task, scalars);
  if (lines.length === 0) return;
  appendLog(database, task, lines, now);
  database.changes.note('log', task);
}

function addMetricEvent(database: Database, event: StoredEvent): void {
  database.run(
    `INSERT INTO metric_events (task, type, metric, variant, iter, key, timestamp, value, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (task, type, metric, variant, iter, key)
     DO UPDATE SET timestamp = excluded.timestamp, value = excluded.value, body = excluded.body`,
    event.task,
    event.type,
    event.metric,
    event.variant,
    event.iter,
    event.key,
    event.timestamp,
    event.value,
    JSON.stringify(event.body),
  );
}

/** Removes events of a task; how many there were. */
export function deleteEvents(
  database: Database,
  task: string,
  kind: 'logs' | 'metrics' | 'all' = 'all',
): number {
  const lines = kind === 'metrics' ? 0 : deleteLog(database, task);
  if (kind === 'logs') return lines;
  deleteScalarBlocks(database, task);
  return lines + database.run('DELETE FROM metric_events WHERE task = ?', task);
}
