import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';
import { deleteLog } from './log/log-removal.js';
import { appendLog } from './log/log-store.js';
import { addMetricEvents, deleteMetrics } from './metric-store.js';

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
  const others = lines.length === events.length ? [] : events.filter(({ type }) => type !== 'log');
  addMetricEvents(database, task, others);
  if (lines.length === 0) return;
  appendLog(database, task, lines, now);
  database.changes.note('log', task);
}

/** Removes events of a task; how many there were. Their space is given back in the background. */
export function deleteEvents(
  database: Database,
  task: string,
  kind: 'logs' | 'metrics' | 'all' = 'all',
): number {
  const lines = kind === 'metrics' ? 0 : deleteLog(database, task);
  return kind === 'logs' ? lines : lines + deleteMetrics(database, task);
}
