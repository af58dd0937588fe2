import type { EventSink } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { eventText } from './event-text.js';
import { type ChangeSet, changesFor, type Interest } from './pending-changes.js';

/** What a client has asked for. */
export interface LiveTopics extends Interest {
  /** Tasks whose log lines it gets. */
  logs: ReadonlySet<string>;
}

/** One open stream. */
export class LiveClient {
  readonly topics: LiveTopics;
  /** Up to here the client has the lines of its logs. */
  position: number;
  /** It is being brought up to the present. */
  isCatchingUp = false;
  /** Changes were left out, because the client reads too slowly. */
  missedChanges = false;
  /** Logs that were removed or whose lines were dropped. */
  readonly lostLogs = new Set<string>();
  readonly #sink: EventSink;
  #isFull = false;

  constructor(topics: LiveTopics, sink: EventSink, position: number) {
    this.topics = topics;
    this.#sink = sink;
    this.position = position;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  drained(): void {
    this.#isFull = false;
  }

  send(text: string): void {
    if (!this.#sink.send(text)) this.#isFull = true;
  }

  /** Lines that others get, too, as they are sent; the client is then at `position`. */
  sendLines(texts: ReadonlyMap<string, string>, position: number): void {
    for (const [task, text] of texts) if (this.topics.logs.has(task)) this.send(text);
    this.position = position;
  }

  /** @param changes `undefined`: too many to name */
  sendChanges(changes: ChangeSet | undefined, id: string): void {
    const told = changes === undefined ? undefined : changesFor(this.topics, changes);
    if (changes !== undefined && told === undefined) return;
    if (told === undefined || this.#isFull) this.missedChanges = true;
    else this.send(eventText('changed', told, id));
  }

  /** Says what the client has to read again. */
  sendLosses(id: string): void {
    if (this.#isFull) return;
    const { tasks, kinds } = this.topics;
    const changes = this.missedChanges && tasks.size + kinds.size > 0;
    const losses: JsonObject = {
      ...(this.lostLogs.size > 0 ? { logs: [...this.lostLogs] } : {}),
      ...(changes ? { changes } : {}),
    };
    this.lostLogs.clear();
    this.missedChanges = false;
    if (Object.keys(losses).length > 0) this.send(eventText('reread', losses, id));
  }

  /** Has no data, so that only the position counts. */
  beat(id: string): void {
    if (!this.#isFull) this.send(`id: ${id}\n\n`);
  }

  end(reason: string): void {
    this.send(eventText('ended', { reason }));
    this.#sink.end();
  }
}
