import { performance } from 'node:perf_hooks';
import type { Reporter } from '../logs/reporter.js';

export interface PhaseTime {
  name: string;
  seconds: number;
}

/** Announces the phases of a task in its log and keeps the time that each took. */
export class PhaseClock {
  readonly times: PhaseTime[] = [];
  readonly #reporter: Reporter;
  readonly #start = performance.now();

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** Runs a phase and says how long it took. `describe` makes the text of what came out. */
  async run<T>(
    name: string,
    work: () => Promise<T>,
    describe?: (result: T) => string,
    reporter: Reporter = this.#reporter,
  ): Promise<T> {
    const start = performance.now();
    const result = await work();
    const seconds = (performance.now() - start) / 1000;
    this.times.push({ name, seconds });
    const outcome = describe ? `: ${describe(result)}` : '';
    reporter.line(`[${name}] done in ${seconds.toFixed(2)} s${outcome}`, 'INFO');
    return result;
  }

  /** Seconds since the task was taken. */
  elapsed(): number {
    return (performance.now() - this.#start) / 1000;
  }
}
