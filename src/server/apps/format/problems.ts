import type { ConfigPosition } from '../../../config/layers.js';
import { joinKey } from '../../../config/tree.js';

/** One thing that is wrong in a file. */
export interface Problem {
  file: string;
  /** Counted from 1; 0 where no line is to blame. */
  line: number;
  /** Dotted path of the field. */
  field: string;
  message: string;
}

/** A file with more of them is no application. */
const MAX_PROBLEMS = 200;

/** What is found in one file: errors forbid it, warnings name what has no effect. */
export class Problems {
  readonly errors: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #file: string;
  readonly #positions: ReadonlyMap<string, ConfigPosition>;

  constructor(file: string, positions: ReadonlyMap<string, ConfigPosition> = new Map()) {
    this.#file = file;
    this.#positions = positions;
  }

  error(path: readonly string[], message: string): void {
    if (this.errors.length < MAX_PROBLEMS) this.errors.push(this.#problem(path, message));
  }

  warn(path: readonly string[], message: string): void {
    if (this.warnings.length < MAX_PROBLEMS) this.warnings.push(this.#problem(path, message));
  }

  /** A number as the file has it, where JavaScript would write it differently: `1.0`. */
  written(path: readonly string[]): string | undefined {
    return this.#positions.get(joinKey(path))?.written;
  }

  #problem(path: readonly string[], message: string): Problem {
    return { file: this.#file, line: this.#lineOf(path), field: joinKey(path), message };
  }

  /** Of the key itself, else of the first key in it (members of lists have no key), else of what holds it. */
  #lineOf(path: readonly string[]): number {
    if (path.length === 0) return 1;
    const key = joinKey(path);
    const own = this.#positions.get(key);
    if (own !== undefined) return own.line;
    const inner = [...this.#positions].filter(([name]) => name.startsWith(`${key}.`));
    const lines = inner.map(([, { line }]) => line);
    return lines.length > 0 ? Math.min(...lines) : this.#lineOf(path.slice(0, -1));
  }
}

/** `file:line: field: what is wrong`, on one line. */
export function problemLine({ file, line, field, message }: Problem): string {
  return [`${file}${line > 0 ? `:${line}` : ''}`, field, message].filter((part) => part !== '').join(': ');
}
