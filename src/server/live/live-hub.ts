import { ApiError } from '../api-error.js';
import type { EventFeed, EventSink } from '../endpoint.js';
import type { ChangeKind } from '../storage/changes.js';
import type { Database } from '../storage/database.js';
import { eventText } from './event-text.js';
import { LiveClient, type LiveTopics } from './live-client.js';
import { type LiveRows, lastPosition, rowsAfter } from './log-rows.js';
import { type ChangeSet, PendingChanges } from './pending-changes.js';

/** Streams that are open at once. */
const MOST_CLIENTS = 1000;
/** Lines of all logs that a client may be behind; more is read again by calls. */
const MOST_BEHIND = 50_000;
/** Time in which writes are collected; changes are sent less often than lines. */
const LOOK_MS = 100;
const CHANGES_MS = 500;
/** Keeps proxies from closing a quiet stream, and tells clients the position. */
const BEAT_MS = 15_000;
/** After an error of the database. */
const RETRY_MS = 1000;

/** What one look found. */
interface Look {
  from: number;
  rows: LiveRows;
  id: string;
  /** Absent: it was not time for changes. */
  changes?: ChangeSet | undefined;
  hasChanges: boolean;
}

/**
 * Sends log lines and changes to the clients that asked for them. Writers only note what they touched; the hub then reads it
 * once for all clients by `Database.grouped`, which answers when what was read is on disk. A client that reads too slowly gets
 * nothing until it has room, and then what it missed, or word of the loss.
 */
export class LiveHub {
  readonly #database: Database;
  readonly #clients = new Set<LiveClient>();
  readonly #pending = new PendingChanges();
  #position = 0;
  #timer: NodeJS.Timeout | undefined;
  #beats: NodeJS.Timeout | undefined;
  #isLooking = false;
  /** Something was written since the last look began. */
  #hasNews = false;
  #changesAt = 0;
  #stopListening: (() => void) | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws ApiError 429 while too many streams are open */
  requireRoom(): void {
    if (this.#clients.size >= MOST_CLIENTS)
      throw new ApiError('too_many_streams', { streams: this.#clients.size });
  }

  /**
   * Takes a client on.
   *
   * @param opening what it gets first @param position up to where that goes
   */
  open(topics: LiveTopics, sink: EventSink, opening: { text: string; position: number }): EventFeed {
    const client = new LiveClient(topics, sink, opening.position);
    if (this.#clients.size === 0) this.#begin();
    this.#clients.add(client);
    client.send(opening.text);
    if (client.position !== this.#position) void this.#catchUp(client);
    return {
      drained: () => {
        client.drained();
        void this.#catchUp(client);
      },
      close: () => {
        this.#clients.delete(client);
        if (this.#clients.size === 0) this.#rest();
      },
    };
  }

  /** Ends all streams. */
  close(): void {
    for (const client of this.#clients) client.end('the server stops');
    this.#clients.clear();
    this.#rest();
  }

  #begin(): void {
    this.#position = lastPosition(this.#database);
    this.#stopListening = this.#database.changes.listen((kind, id) => this.#note(kind, id));
    this.#beats = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  #beat(): void {
    for (const client of this.#clients) client.beat(String(client.position));
  }

  /** Without clients nothing is collected. */
  #rest(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    clearInterval(this.#beats);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending.clear();
  }

  #note(kind: ChangeKind, id: string): void {
    if (kind === 'log cleared') this.#noteClearing(id);
    else if (kind !== 'log') this.#pending.note(kind, id);
    this.#hasNews = true;
    this.#lookIn(LOOK_MS);
  }

  #noteClearing(task: string): void {
    for (const client of this.#clients) if (client.topics.logs.has(task)) client.lostLogs.add(task);
  }

  #lookIn(ms: number): void {
    if (this.#timer !== undefined || this.#isLooking || this.#stopListening === undefined) return;
    this.#timer = setTimeout(() => void this.#look(), ms).unref();
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#isLooking = true;
    this.#hasNews = false;
    try {
      const { more } = await this.#lookOnce();
      this.#isLooking = false;
      if (more || this.#hasNews || !this.#pending.isEmpty) this.#lookIn(LOOK_MS);
    } catch {
      // What the look had taken is lost; the call that meets the same error tells the log.
      for (const client of this.#clients) client.missedChanges = true;
      this.#isLooking = false;
      this.#lookIn(RETRY_MS);
    }
  }

  async #lookOnce(): Promise<LiveRows> {
    const look = await this.#database.grouped(() => this.#read());
    const { position } = look.rows;
    const texts = lineTexts(look.rows, look.id);
    for (const client of this.#clients) this.#deliver(client, look, texts, position);
    this.#position = position;
    for (const client of this.#clients) if (client.position !== position) void this.#catchUp(client);
    return look.rows;
  }

  #read(): Look {
    const logs = new Set<string>();
    const watched = new Set<string>();
    let all = false;
    for (const { topics } of this.#clients) {
      for (const task of topics.logs) logs.add(task);
      for (const task of topics.tasks) watched.add(task);
      all ||= topics.kinds.has('tasks');
    }
    const from = this.#position;
    const rows = rowsAfter(this.#database, from, [...logs]);
    const look = { from, rows, id: String(rows.position), hasChanges: false };
    const now = performance.now();
    if (this.#pending.isEmpty || now - this.#changesAt < CHANGES_MS) return look;
    this.#changesAt = now;
    const changes = this.#pending.take(this.#database, (task) => all || watched.has(task));
    return { ...look, changes, hasChanges: true };
  }

  #deliver(client: LiveClient, look: Look, texts: ReadonlyMap<string, string>, position: number): void {
    client.sendLosses(look.id);
    // One that is behind is brought up by itself.
    if (client.position === look.from && !client.isFull && !client.isCatchingUp)
      client.sendLines(texts, position);
    if (look.hasChanges) client.sendChanges(look.changes, look.id);
  }

  /** Brings a client that was full, or that comes back, to the position of the others. */
  async #catchUp(client: LiveClient): Promise<void> {
    if (client.isCatchingUp || client.isFull) return;
    client.isCatchingUp = true;
    try {
      for (;;) {
        const { rows, id, isTooFar } = await this.#database.grouped(() => this.#readFor(client));
        if (!this.#clients.has(client) || client.isFull) return;
        if (isTooFar) for (const task of client.topics.logs) client.lostLogs.add(task);
        client.sendLosses(id);
        client.sendLines(lineTexts(rows, id), rows.position);
        if (client.isFull || client.position >= this.#position) return;
      }
    } catch {
      // The database failed; the next look, or the next drain, tries again.
    } finally {
      client.isCatchingUp = false;
    }
  }

  #readFor({ position, topics }: LiveClient): { rows: LiveRows; id: string; isTooFar: boolean } {
    const last = lastPosition(this.#database);
    const isTooFar = topics.logs.size > 0 && last - position > MOST_BEHIND;
    const rows = isTooFar
      ? { lines: new Map(), position: last, more: false }
      : rowsAfter(this.#database, position, [...topics.logs]);
    return { rows, id: String(rows.position), isTooFar };
  }
}

function lineTexts({ lines }: LiveRows, id: string): Map<string, string> {
  return new Map([...lines].map(([task, those]) => [task, eventText('log', { task, lines: those }, id)]));
}
