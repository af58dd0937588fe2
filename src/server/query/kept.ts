import { newId } from '../ids.js';

/** Values kept at once; the oldest gives way. */
const MAX_VALUES = 500;

/** What the server remembers for a client between its requests, by id, as long as it runs. */
export class Kept<T> {
  readonly #values = new Map<string, T>();

  keep(value: T): string {
    const oldest = this.#values.keys().next().value;
    if (this.#values.size >= MAX_VALUES && oldest !== undefined) this.#values.delete(oldest);
    const id = newId();
    this.#values.set(id, value);
    return id;
  }

  get(id: string | undefined): T | undefined {
    return id === undefined ? undefined : this.#values.get(id);
  }
}
