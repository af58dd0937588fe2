import type { WizardField } from './definition.js';
import type { Node } from './node.js';

/** The fields that a field may refer to: those before it in the form, and in the item of a list those before it there. */
export class Scope {
  readonly #above: Scope | undefined;
  readonly #earlier = new Map<string, WizardField>();
  /** All fields of the form, or of the item, by name; those of groups among them. */
  readonly #all = new Map<string, Node>();

  constructor(entries: Node, above?: Scope) {
    this.#above = above;
    this.#collect(entries, 0);
  }

  /** The fields of the items of a list. */
  inner(entries: Node): Scope {
    return new Scope(entries, this);
  }

  add(field: WizardField): void {
    this.#earlier.set(field.name, field);
  }

  has(name: string): boolean {
    return this.earlier(name) !== undefined;
  }

  /** A field before this one. */
  earlier(name: string): WizardField | undefined {
    return this.#earlier.get(name) ?? this.#above?.earlier(name);
  }

  /** A field anywhere. */
  named(name: string): Node | undefined {
    return this.#all.get(name) ?? this.#above?.named(name);
  }

  get names(): string[] {
    return [...this.#earlier.keys(), ...(this.#above?.names ?? [])];
  }

  #collect(entries: Node, depth: number): void {
    if (!Array.isArray(entries.value) || depth > 10) return;
    for (const item of entries.items()) {
      const { value: name } = item.at('name');
      if (typeof name === 'string') this.#all.set(name, item);
      if (item.at('type').value === 'group') this.#collect(item.at('item_template'), depth + 1);
    }
  }
}
