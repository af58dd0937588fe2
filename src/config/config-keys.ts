import type { Option } from './options/option.js';
import { OPTIONS } from './options/option-table.js';
import type { ConfigKeys } from './options/option-types.js';

/** Gives the value of a key, or throws. */
type ReadKey = (option: Option) => unknown;

/** The keys of one section of the table; each is read when it is asked for. */
class Section {
  readonly #read: ReadKey;

  constructor(read: ReadKey) {
    this.#read = read;
  }

  static define(section: typeof Section, name: string, get: (read: ReadKey) => unknown): void {
    Object.defineProperty(section.prototype, camelCase(name), {
      enumerable: true,
      get(this: Section) {
        return get(this.#read);
      },
    });
  }
}

function sectionOf(options: readonly Option[], depth: number): typeof Section {
  const made = class extends Section {};
  for (const [name, below] of byName(options, depth)) {
    const [option] = below;
    if (option !== undefined && option.key.split('.').length === depth + 1) {
      Section.define(made, name, (read) => read(option));
    } else {
      const Inner = sectionOf(below, depth + 1);
      Section.define(made, name, (read) => new Inner(read));
    }
  }
  return made;
}

function byName(options: readonly Option[], depth: number): ReadonlyMap<string, Option[]> {
  const groups = new Map<string, Option[]>();
  for (const option of options) {
    const name = option.key.split('.')[depth] ?? '';
    groups.set(name, [...(groups.get(name) ?? []), option]);
  }
  return groups;
}

const Root = sectionOf(OPTIONS, 0);

/** The keys of the option table as nested objects. They are of the type that is derived from the same table. */
export function configKeys(read: ReadKey): ConfigKeys {
  return new Root(read) as unknown as ConfigKeys;
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
