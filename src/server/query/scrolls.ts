import { newId } from '../ids.js';

/** Scrolls kept at once; the oldest gives way. */
const MAX_SCROLLS = 100;

/** Results of long queries that clients read in portions: the ids that are still to be sent. */
export class Scrolls {
  readonly #rest = new Map<string, readonly string[]>();

  open(ids: readonly string[]): string {
    const id = newId();
    const oldest = this.#rest.keys().next().value;
    if (this.#rest.size >= MAX_SCROLLS && oldest !== undefined) this.#rest.delete(oldest);
    this.#rest.set(id, ids);
    return id;
  }

  has(id: string): boolean {
    return this.#rest.has(id);
  }

  /** The next ids of a scroll. */
  take(id: string, size: number): readonly string[] {
    const rest = this.#rest.get(id) ?? [];
    this.#rest.delete(id);
    this.#rest.set(id, rest.slice(size));
    return rest.slice(0, size);
  }
}
