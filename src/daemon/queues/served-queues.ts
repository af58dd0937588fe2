import { API_PROBLEM, isApiError } from '../../api/errors.js';
import type { QueueRecord, QueuesApi } from '../../api/queues.js';
import { escapeForServer } from '../../api/resolve-name.js';
import type { ResolvedQueue } from './resolve-queues.js';

export interface ServedQueuesOptions {
  queues: Pick<QueuesApi, 'getAll' | 'getById'>;
  /** As they were found at start, in the order given by the user. */
  served: readonly Pick<ResolvedQueue, 'id' | 'name'>[];
  /** Milliseconds between two looks for queues that are gone. */
  searchMs?: number;
  info(text: string): void;
  warn(text: string): void;
}

interface Served {
  id: string;
  /** This id and those of queues that it replaces. */
  ids: Set<string>;
  /** The name at start, which the user may have given, and the one seen last. */
  names: Set<string>;
  name: string;
  gone: boolean;
}

const FIELDS = ['id', 'name', 'tags', 'entries'];
const SEARCH_MS = 5000;

/**
 * The queues that a daemon serves. One that is deleted is reported once; a queue made under its name takes its
 * place.
 */
export class ServedQueues {
  readonly #options: ServedQueuesOptions;
  readonly #served: readonly Served[];
  #isEmpty = false;
  #searchedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ServedQueuesOptions) {
    this.#options = options;
    this.#served = options.served.map(({ id, name }) => ({
      id,
      ids: new Set([id]),
      name,
      names: new Set([name]),
      gone: false,
    }));
  }

  /** Ids of the queues that are there. */
  get ids(): string[] {
    return this.#served.filter(({ gone }) => !gone).map(({ id }) => id);
  }

  /** Position of the queue that has this id, or had it before it was deleted and made again. */
  placeOf(id: string): number | undefined {
    const at = this.#served.findIndex(({ ids }) => ids.has(id));
    return at < 0 ? undefined : at;
  }

  /** The same, if all are there and none had a task at the last look. */
  get empty(): string[] | undefined {
    return this.#isEmpty ? this.ids : undefined;
  }

  /** What the server says of them, in one call while all are there; those that it says nothing of are left out. */
  async look(signal: AbortSignal): Promise<QueueRecord[]> {
    await this.#search(signal);
    const { ids } = this;
    // An empty list of ids would ask for all queues there are.
    const found = ids.length > 0 ? await this.#ask({ id: ids }, signal) : [];
    const records: QueueRecord[] = [];
    for (const one of this.#served.filter(({ gone }) => !gone)) {
      const record = found.find(({ id }) => id === one.id);
      if (record) records.push(record);
      else await this.#verify(one, signal);
      this.#noteName(one, record?.name);
    }
    const areAll = records.length === this.#served.length;
    this.#isEmpty = areAll && records.every(({ entries }) => entries?.length === 0);
    return records;
  }

  #ask(query: { id: string[] } | { name: string }, signal: AbortSignal): Promise<QueueRecord[]> {
    const whole = { ...query, only_fields: FIELDS, search_hidden: true };
    return this.#options.queues.getAll(whole, { signal, retry: 'forever' });
  }

  #noteName(one: Served, name: string | undefined): void {
    if (!name) return;
    one.name = name;
    one.names.add(name);
  }

  /** A list that lacks a queue says nothing; the server's answer to its id does. */
  async #verify(one: Served, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.queues.getById(one.id, { signal, retry: 'none' });
    } catch (error) {
      signal.throwIfAborted();
      if (!isApiError(error, ...API_PROBLEM.invalidQueue)) return;
      one.gone = true;
      this.#searchedAt = performance.now();
      this.#options.warn(
        `queue "${one.name}" (${one.id}) is not on the server any more; a queue made under its name will be served`,
      );
    }
  }

  /** Looks for queues that have the name of one that is gone. */
  async #search(signal: AbortSignal): Promise<void> {
    const gone = this.#served.filter((one) => one.gone);
    const { searchMs = SEARCH_MS } = this.#options;
    if (gone.length === 0 || performance.now() - this.#searchedAt < searchMs) return;
    this.#searchedAt = performance.now();
    const names = gone.flatMap((one) => [...one.names]).map(escapeForServer);
    const found = await this.#ask({ name: `^(${[...new Set(names)].join('|')})$` }, signal);
    for (const one of gone) {
      const taken = new Set(this.ids);
      const next = [...one.names]
        .map((name) => found.find((queue) => queue.name === name && !taken.has(queue.id)))
        .find((queue) => queue !== undefined);
      if (next === undefined) continue;
      one.id = next.id;
      one.ids.add(next.id);
      one.gone = false;
      this.#options.info(`queue "${next.name}" is on the server again (${next.id}); it is served`);
    }
  }
}
