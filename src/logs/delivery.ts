import type { LogLevel } from './reporter.js';

/** A log event as the server takes it. */
export interface LogEvent {
  type: 'log';
  level: LogLevel;
  task: string;
  worker: string;
  msg: string;
  /** Milliseconds since 1970. */
  timestamp: number;
}

/** What became of one attempt to send events. */
export type Delivery =
  | { kind: 'accepted'; added: number }
  /** The server looked at them and will not have them, now or later. */
  | { kind: 'refused'; cause: string; tooLarge: boolean }
  /** No answer, or one that says "not now". `maybeDone`: they may have been stored all the same. */
  | { kind: 'failed'; cause: string; maybeDone: boolean; retryAfterMs?: number };

export type StoredAnswer =
  | { kind: 'events'; events: readonly StoredEvent[] }
  /** The server cannot tell; asking again will not help. */
  | { kind: 'refused'; cause: string }
  | { kind: 'failed'; cause: string; retryAfterMs?: number };

export interface StoredEvent {
  worker: string;
  msg: string;
  timestamp: number;
}

/** The server as the uploader sees it: one attempt a call, no repeats of its own. */
export interface LogServer {
  deliver(events: readonly LogEvent[], signal: AbortSignal): Promise<Delivery>;
  /** Up to `count` events of a task from the time `until` backwards. */
  stored(query: { task: string; until: number; count: number }, signal: AbortSignal): Promise<StoredAnswer>;
}
