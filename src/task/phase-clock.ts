import { performance } from 'node:perf_hooks';
import type { Reporter } from '../logs/reporter.js';

/** A phase that is over. */
export interface PhaseRecord {
  name: string;
  seconds: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Its work threw this. */
  error?: unknown;
}

/** Told how a run gets on: what metrics, traces and `agent top` are made of. */
export interface RunObserver {
  phaseEnded?(phase: PhaseRecord): void;
  /** The command of the task has printed something, this many seconds after the task was taken. */
  firstOutput?(seconds: number): void;
}

/** Announces the phases of a task in its log and keeps the time that each took. */
export class PhaseClock {
  readonly #reporter: Reporter;
  readonly #observers: readonly RunObserver[];
  readonly #start = performance.now();

  constructor(reporter: Reporter, observers: readonly RunObserver[] = []) {
    this.#reporter = reporter;
    this.#observers = observers;
  }

  /** Measures a phase that the log of the task does not announce. */
  async measure<T>(name: string, work: () => Promise<T>): Promise<T> {
    const [startedAt, start] = [Date.now(), performance.now()];
    const ended = (error: { error?: unknown }) => {
      const phase = { name, startedAt, seconds: (performance.now() - start) / 1000, ...error };
      for (const one of this.#observers) one.phaseEnded?.(phase);
    };
    try {
      const result = await work();
      ended({});
      return result;
    } catch (error) {
      ended({ error });
      throw error;
    }
  }

  /** The command of the task has printed something for the first time. */
  firstOutput(): void {
    const seconds = this.elapsed();
    for (const one of this.#observers) one.firstOutput?.(seconds);
  }

  /** Runs a phase and says how long it took. `describe` makes the text of what came out. */
  async run<T>(
    name: string,
    work: () => Promise<T>,
    describe?: (result: T) => string,
    reporter: Reporter = this.#reporter,
  ): Promise<T> {
    const start = performance.now();
    const result = await this.measure(name, work);
    const seconds = (performance.now() - start) / 1000;
    const outcome = describe ? `: ${describe(result)}` : '';
    reporter.line(`[${name}] done in ${seconds.toFixed(2)} s${outcome}`, 'INFO');
    return result;
  }

  /** Seconds since the task was taken. */
  elapsed(): number {
    return (performance.now() - this.#start) / 1000;
  }
}
