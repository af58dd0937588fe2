import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';

/** Iteration of values that describe a task as a whole. */
export const SINGLE_VALUE_ITERATION = -2_147_483_648;

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
 * Stores an event. Log events are always added; another one replaces that of the same task, type, metric,
 * variant, iteration and key.
 */
export function addEvent(database: Database, event: StoredEvent): void {
  const body = JSON.stringify(event.body);
  if (event.type === 'log') {
    const sql = 'INSERT INTO log_events (task, timestamp, metric, body) VALUES (?, ?, ?, ?)';
    database.run(sql, event.task, event.timestamp, event.metric, body);
    database.changes.note('log', event.task);
    return;
  }
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
    body,
  );
}

const TABLES = {
  logs: ['log_events'],
  metrics: ['metric_events'],
  all: ['log_events', 'metric_events'],
} as const;

/** Removes events of a task; how many there were. */
export function deleteEvents(database: Database, task: string, kind: keyof typeof TABLES = 'all'): number {
  const removed = TABLES[kind].map((table) => database.run(`DELETE FROM ${table} WHERE task = ?`, task));
  if (kind !== 'metrics') database.changes.note('log cleared', task);
  return removed.reduce((sum, count) => sum + count, 0);
}
