/** What may have changed: documents of a table by their ids, logs by their tasks. */
export type ChangeKind = 'tasks' | 'queues' | 'workers' | 'log' | 'log cleared';

export type ChangeListener = (kind: ChangeKind, id: string) => void;

/**
 * Tells at once what a write touches, also when its transaction is undone later: a listener reads again what it needs, by
 * `Database.grouped`.
 */
export class Changes {
  readonly #listeners = new Set<ChangeListener>();

  note(kind: ChangeKind, id: string): void {
    for (const listener of this.#listeners) listener(kind, id);
  }

  /** @returns ends it */
  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
