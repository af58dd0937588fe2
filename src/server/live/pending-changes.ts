import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';

/** Kinds that a client can ask for as a whole. */
export const CHANGE_KINDS = ['tasks', 'queues', 'workers'] as const;
export type WatchedKind = (typeof CHANGE_KINDS)[number];

/** What a client wants to know of. */
export interface Interest {
  kinds: ReadonlySet<WatchedKind>;
  /** Tasks of which every change is sent. */
  tasks: ReadonlySet<string>;
}

/** What changed since the last look, of one moment. */
export interface ChangeSet {
  tasks: TaskChange[];
  queues: string[];
  workers: string[];
}

interface TaskChange {
  told: JsonObject;
  id: string;
  /** New, deleted, or with another status: for those who follow all tasks. */
  isNews: boolean;
}

/** Ids that are kept between two looks; beyond that clients read everything again. */
const MOST_PENDING = 10_000;
/** Tasks whose last status is remembered; an unknown one counts as news. */
const MOST_KNOWN = 20_000;

/** Collects the ids of what is written until they are looked at together. */
export class PendingChanges {
  readonly #ids: Record<WatchedKind, Set<string>> = {
    tasks: new Set(),
    queues: new Set(),
    workers: new Set(),
  };
  /** Status by task, as it was sent last. */
  readonly #statuses = new Map<string, unknown>();
  #overflowed = false;

  get isEmpty(): boolean {
    return !this.#overflowed && CHANGE_KINDS.every((kind) => this.#ids[kind].size === 0);
  }

  note(kind: WatchedKind, id: string): void {
    if (this.#ids[kind].size < MOST_PENDING) this.#ids[kind].add(id);
    else this.#overflowed = true;
  }

  /** Forgets everything, for a time without clients. */
  clear(): void {
    for (const kind of CHANGE_KINDS) this.#ids[kind].clear();
    this.#statuses.clear();
    this.#overflowed = false;
  }

  /** @returns `undefined` for more than is kept; @param isWanted whether anybody wants to know of a task */
  take(database: Database, isWanted: (task: string) => boolean): ChangeSet | undefined {
    const overflowed = this.#overflowed;
    this.#overflowed = false;
    const [tasks, queues, workers] = CHANGE_KINDS.map((kind) => {
      const ids = [...this.#ids[kind]];
      this.#ids[kind].clear();
      return ids;
    }) as [string[], string[], string[]];
    if (overflowed) return undefined;
    return { queues, workers, tasks: tasks.filter(isWanted).map((id) => this.#taskChange(database, id)) };
  }

  #taskChange(database: Database, id: string): TaskChange {
    const told = describeTask(database, id);
    const status = told.status ?? null;
    const isNews = this.#statuses.get(id) !== status;
    this.#statuses.delete(id);
    if (status !== null) this.#statuses.set(id, status);
    const [oldest] = this.#statuses.keys();
    if (this.#statuses.size > MOST_KNOWN && oldest !== undefined) this.#statuses.delete(oldest);
    return { id, told, isNews };
  }
}

/** What of a change a client gets; `undefined` if nothing of it is of interest. */
export function changesFor({ kinds, tasks }: Interest, changes: ChangeSet): JsonObject | undefined {
  const told = {
    tasks: changes.tasks
      .filter(({ id, isNews }) => tasks.has(id) || (isNews && kinds.has('tasks')))
      .map((change) => change.told),
    queues: kinds.has('queues') ? changes.queues : [],
    workers: kinds.has('workers') ? changes.workers : [],
  };
  const entries = Object.entries(told).filter(([, list]) => list.length > 0);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const FIELDS = ['name', 'status', 'project', 'last_iteration', 'last_update'] as const;
const COLUMNS = FIELDS.map((field) => `json_extract(body, '$.${field}') AS ${field}`).join(', ');

function describeTask(database: Database, id: string): JsonObject {
  const row = database.get(`SELECT ${COLUMNS} FROM tasks WHERE id = ?`, id);
  if (row === undefined) return { id, deleted: true };
  return { id, ...Object.fromEntries(FIELDS.map((field) => [field, row[field] as string | number | null])) };
}
