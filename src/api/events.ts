import { causeLine } from '../errors.js';
import type { Delivery, LogEvent, LogServer, StoredAnswer, StoredEvent } from '../logs/delivery.js';
import type { ApiClient, CallOptions } from './client.js';
import { API_PROBLEM, ApiError, ConnectionError, isApiError } from './errors.js';

/** A line or several of a task's log as the server gives them back. */
export interface TaskLogEvent {
  worker?: string;
  level?: string;
  lvl?: string;
  msg?: string;
  /** Milliseconds since 1970; servers differ in the name. */
  timestamp?: number;
  ts?: number;
}

export interface TaskLogQuery {
  task: string;
  batch_size?: number;
  /** From the newest backwards, which is the default. */
  navigate_earlier?: boolean;
  from_timestamp?: number;
  order?: 'asc' | 'desc';
}

export class EventsApi implements LogServer {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Stores events; part of a batch may be refused, which `errors` counts. */
  addBatch(events: readonly LogEvent[], options?: CallOptions): Promise<{ added?: number; errors?: number }> {
    return this.#client.callLines('events.add_batch', events, options);
  }

  async getTaskLog(query: TaskLogQuery, options?: CallOptions): Promise<TaskLogEvent[]> {
    const answer = await this.#client.call<{ events?: TaskLogEvent[] }>(
      'events.get_task_log',
      query,
      options,
    );
    return answer.events ?? [];
  }

  async deliver(events: readonly LogEvent[], signal: AbortSignal): Promise<Delivery> {
    const options: CallOptions = { signal, retry: 'none', sendOnce: true };
    try {
      const answer = await this.addBatch(events, options).catch((error: unknown) => {
        // Nothing of the batch was stored: the task is gone, or published while it ran.
        if (!isApiError(error, ...API_PROBLEM.eventsNotAdded)) throw error;
        return this.addBatch(events.map(evenIfLocked), options);
      });
      return { kind: 'accepted', added: answer.added ?? events.length };
    } catch (error) {
      signal.throwIfAborted();
      return deliveryFailure(error);
    }
  }

  async stored(
    { task, until, count }: { task: string; until: number; count: number },
    signal: AbortSignal,
  ): Promise<StoredAnswer> {
    // The start of the search is exclusive on some servers.
    const query = { task, batch_size: count, navigate_earlier: true, from_timestamp: until + 1 };
    try {
      const events = await this.getTaskLog(query, { signal, retry: 'none' });
      return { kind: 'events', events: events.map(storedEvent) };
    } catch (error) {
      signal.throwIfAborted();
      const failure = deliveryFailure(error);
      return failure.kind === 'refused' ? { kind: 'refused', cause: failure.cause } : failure;
    }
  }
}

/** Statuses of a server, or of something in front of it, that did not carry the call out. */
const NOT_DONE: ReadonlySet<number> = new Set([401, 403, 408, 425, 429, 503, 509]);
const TOO_LARGE = 413;

function deliveryFailure(error: unknown): Exclude<Delivery, { kind: 'accepted' }> {
  const cause = causeLine(error);
  if (error instanceof ConnectionError) return { kind: 'failed', cause, maybeDone: error.maybeDone };
  // Credentials that are refused, or a stranger's answer, may be mended by the user: the log waits for that.
  if (!(error instanceof ApiError)) return { kind: 'failed', cause, maybeDone: false };
  const passing = NOT_DONE.has(error.status);
  if (error.status < 500 && !passing) return { kind: 'refused', cause, tooLarge: error.status === TOO_LARGE };
  const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  return { kind: 'failed', cause, maybeDone: !passing, ...wait };
}

/** An event that a published task takes, too. */
function evenIfLocked(event: LogEvent): LogEvent & { allow_locked: true } {
  return { ...event, allow_locked: true };
}

function storedEvent(event: TaskLogEvent): StoredEvent {
  return { worker: event.worker ?? '', msg: event.msg ?? '', timestamp: event.timestamp ?? event.ts ?? 0 };
}
