import type { LiveEvent } from './stream-events.js';
import { readEvents } from './stream-events.js';

/** What one subscriber wants; `key` names the subscription. */
export interface Wanted {
  key: string;
  /** A task whose log lines come. */
  log?: string | undefined;
  /** So many last lines of that log first. */
  tail?: number | undefined;
  kinds?: readonly string[] | undefined;
  tasks?: readonly string[] | undefined;
}

/** `signed-out`: the session is over, and nothing is asked until there is a new one. */
export type LiveState = 'connecting' | 'open' | 'away' | 'signed-out';

/** What a subscriber gets. `reread`: what came before may be incomplete. */
export type LiveMessage =
  | { type: 'event'; key: string; event: LiveEvent }
  | { type: 'reread'; key: string }
  | { type: 'state'; state: LiveState };

interface Connection {
  abort: AbortController;
  /** Subscriptions that it answers. */
  keys: ReadonlySet<string>;
}

/** Subscriptions of one moment are asked for together. */
const GATHER_MS = 30;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** The server sends something every 15 seconds; a network that is gone does not say so. */
const SILENCE_MS = 40_000;

/**
 * One stream for all subscribers. When what they want changes, a second stream begins before the first one ends, so that nothing
 * is lost between them; lines that both bring are told apart by their numbers.
 */
export class LiveCore {
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #tell: (message: LiveMessage) => void;
  readonly #wanted = new Map<string, Wanted>();
  /** Last line by subscription. */
  readonly #seen = new Map<string, number>();
  /** Subscriptions whose last lines are on their way; lines that come before those are in them, or come again. */
  readonly #awaitingTail = new Set<string>();
  #current: Connection | undefined;
  #isConnecting = false;
  /** What is wanted has changed meanwhile. */
  #isStale = false;
  #position: string | undefined;
  #retryMs = FIRST_RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: LiveState = 'connecting';

  /** @param fetchBy how the browser asks */
  constructor(
    url: string,
    tell: (message: LiveMessage) => void,
    fetchBy: typeof fetch = fetch.bind(globalThis),
  ) {
    this.#url = url;
    this.#fetch = fetchBy;
    this.#tell = tell;
  }

  get state(): LiveState {
    return this.#state;
  }

  add(wanted: Wanted): void {
    this.#wanted.set(wanted.key, wanted);
    this.#connectIn(GATHER_MS);
  }

  remove(key: string): void {
    if (!this.#wanted.delete(key)) return;
    this.#seen.delete(key);
    this.#awaitingTail.delete(key);
    this.#connectIn(GATHER_MS);
  }

  #connectIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#isConnecting) this.#isStale = true;
      else void this.#connect();
    }, ms);
  }

  #connected(): void {
    this.#isConnecting = false;
    if (this.#isStale) this.#connectIn(GATHER_MS);
    this.#isStale = false;
  }

  #to(state: LiveState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell({ type: 'state', state });
  }

  async #connect(): Promise<void> {
    const before = this.#current;
    if (this.#wanted.size === 0) {
      before?.abort.abort();
      this.#current = undefined;
      this.#position = undefined;
      this.#state = 'connecting';
      return;
    }
    this.#isConnecting = true;
    const connection = { abort: new AbortController(), keys: new Set(this.#wanted.keys()) };
    const fresh = [...connection.keys].filter((key) => before === undefined || !before.keys.has(key));
    try {
      const response = await this.#ask(fresh, connection.abort.signal);
      if (response.status === 401) {
        this.#connected();
        return this.#to('signed-out');
      }
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      this.#current = connection;
      await this.#read(connection, response.body, () => {
        before?.abort.abort();
        this.#connected();
        this.#opened(fresh);
      });
    } catch {
      // Told below, unless another stream has taken its place.
    }
    if (this.#current !== connection && this.#current !== before) return;
    this.#isConnecting = false;
    before?.abort.abort();
    this.#current = undefined;
    if (this.#state === 'signed-out' || this.#wanted.size === 0) return;
    this.#to('away');
    this.#connectIn(this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
  }

  /** Those who are new read once more: what they read before the stream began may be old. */
  #opened(fresh: readonly string[]): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#to('open');
    for (const key of fresh) {
      const wanted = this.#wanted.get(key);
      if (wanted !== undefined && wanted.log === undefined) this.#tell({ type: 'reread', key });
    }
  }

  #ask(fresh: readonly string[], signal: AbortSignal): Promise<Response> {
    const all = [...this.#wanted.values()];
    const unique = (values: readonly (string | undefined)[]) => [
      ...new Set(values.filter((value) => value !== undefined)),
    ];
    const tails = all.flatMap(({ key, log: task, tail: lines }) =>
      task !== undefined && lines !== undefined && fresh.includes(key) && !this.#seen.has(key)
        ? [{ key, task, lines }]
        : [],
    );
    for (const { key } of tails) this.#awaitingTail.add(key);
    const body = {
      after: this.#position,
      logs: unique(all.map(({ log }) => log)),
      changes: unique(all.flatMap(({ kinds = [] }) => kinds)),
      tasks: unique(all.flatMap(({ tasks = [] }) => tasks)),
      tails,
    };
    return this.#fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'same-origin',
      signal,
    });
  }

  async #read(connection: Connection, body: ReadableStream<Uint8Array>, opened: () => void): Promise<void> {
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort.abort(), SILENCE_MS);
    };
    try {
      heard();
      for await (const event of readEvents(body, heard)) {
        this.#position = event.id ?? this.#position;
        if (event.name === 'hello') opened();
        else if (event.name === 'ended') return this.#ended(String(event.data.reason));
        else this.#pass(event);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  #ended(reason: string): void {
    if (reason === 'the session is over') this.#to('signed-out');
  }

  #pass(event: LiveEvent): void {
    for (const wanted of this.#wanted.values()) {
      const own = this.#own(event, wanted);
      if (own !== undefined) this.#tell(own);
    }
  }

  /** What of an event a subscription gets. */
  #own({ name, data, id }: LiveEvent, wanted: Wanted): LiveMessage | undefined {
    const { key, log } = wanted;
    if (name === 'reread') return this.#reread(data, wanted);
    if (name === 'changed') {
      const told = changesOf(data, wanted);
      return told && { type: 'event', key, event: { name, id, data: told } };
    }
    if (log === undefined || data.task !== log || (name === 'tail' && data.key !== key)) return undefined;
    if (name === 'tail') this.#awaitingTail.delete(key);
    else if (this.#awaitingTail.has(key)) return undefined;
    const seen = this.#seen.get(key) ?? -1;
    const lines = (data.lines as { n: number }[]).filter(({ n }) => n > seen);
    const last = Math.max(seen, ...lines.map(({ n }) => n));
    this.#seen.set(key, last);
    if (lines.length === 0 && name === 'log') return undefined;
    return { type: 'event', key, event: { name, id, data: { ...data, lines } } };
  }

  #reread(data: Record<string, unknown>, { key, log }: Wanted): LiveMessage | undefined {
    const logs = (data.logs as string[] | undefined) ?? [];
    const isMine = log === undefined ? data.changes === true : logs.includes(log);
    if (!isMine) return undefined;
    // What was seen may be gone.
    if (log !== undefined) this.#seen.set(key, -1);
    return { type: 'reread', key };
  }
}

function changesOf(data: Record<string, unknown>, { kinds = [], tasks = [] }: Wanted) {
  const changed = ((data.tasks as { id: string }[] | undefined) ?? []).filter(
    ({ id }) => kinds.includes('tasks') || tasks.includes(id),
  );
  const told = {
    ...(changed.length > 0 ? { tasks: changed } : {}),
    ...(kinds.includes('queues') && data.queues !== undefined ? { queues: data.queues } : {}),
    ...(kinds.includes('workers') && data.workers !== undefined ? { workers: data.workers } : {}),
  };
  return Object.keys(told).length === 0 ? undefined : told;
}
