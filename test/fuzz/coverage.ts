import { pathToFileURL } from 'node:url';
import type { FuzzTarget } from './targets.js';

/** Counters of statements, functions and branches by their numbers, as istanbul keeps them. */
interface Counters {
  s: Record<string, number> | Uint32Array;
  f: Record<string, number> | Uint32Array;
  b: Record<string, number[]> | Uint32Array[];
}

/** Where the instrumented code puts its counters. */
export const VARIABLE = '__fuzz_coverage__';

export async function loadTargets(file: string): Promise<Readonly<Record<string, FuzzTarget>>> {
  const loaded: { FUZZ_TARGETS: Readonly<Record<string, FuzzTarget>> } = await import(
    pathToFileURL(file).href
  );
  return loaded.FUZZ_TARGETS;
}

/** What has been reached so far, by counter and by how often: 1, 2, 3, up to 7, 15, 31, 127, more. */
export class Coverage {
  readonly #seen = new Set<number>();
  /** Of all statements and branches. */
  readonly #counts: Uint32Array;

  constructor() {
    const all: Record<string, Counters> = Reflect.get(globalThis, VARIABLE) ?? {};
    const [counters] = Object.values(all);
    if (counters === undefined) throw new Error('the targets are not instrumented');
    this.#counts = inOneArray(counters);
  }

  get size(): number {
    return this.#seen.size;
  }

  reset(): void {
    this.#counts.fill(0);
  }

  /** Whether something was reached since the reset that never was before, or more often than before. */
  takeNews(): boolean {
    const before = this.#seen.size;
    for (const [id, count] of this.#counts.entries()) {
      if (count > 0) this.#seen.add(id * 16 + bucket(count));
    }
    return this.#seen.size > before;
  }
}

/** Puts an array in the place of istanbul's objects, of which thousands of counters are read in no time. */
function inOneArray(counters: Counters): Uint32Array {
  const branches = Object.values(counters.b);
  const statements = Object.keys(counters.s).length;
  const all = new Uint32Array(statements + branches.reduce((sum, ways) => sum + ways.length, 0));
  counters.s = all.subarray(0, statements);
  counters.f = new Uint32Array(Object.keys(counters.f).length);
  let at = statements;
  counters.b = branches.map((ways) => {
    at += ways.length;
    return all.subarray(at - ways.length, at);
  });
  return all;
}

function bucket(count: number): number {
  if (count < 4) return count;
  if (count < 8) return 4;
  if (count < 16) return 5;
  if (count < 32) return 6;
  return count < 128 ? 7 : 8;
}
