import { causeLine } from '../errors.js';

/** Where the client says that the server went away or came back, and which calls it makes. */
export interface Notices {
  debug?(line: string): void;
  info(line: string): void;
  warn(line: string): void;
}

export interface AvailabilityOptions {
  /** Address of the server, for the lines. */
  server: string;
  notices: Notices;
  now: () => number;
}

/** One failed attempt may be a hiccup that the next one mends; the second in a row is worth a line. */
const FAILURES_BEFORE_NOTICE = 2;

/**
 * What all calls of a client know together about the server: one line when it goes away, one when it is back,
 * however many calls wait for it. The first call that gets through wakes the others.
 */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #sleepers = new Set<() => void>();
  #failures = 0;
  #awaySince = 0;
  #announced = false;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  /** An attempt did not reach the server; `waits` tells whether it will be repeated. */
  failed(error: unknown, waits: boolean): void {
    if (this.#failures === 0) this.#awaySince = this.#options.now();
    this.#failures += 1;
    if (this.#announced || !waits || this.#failures < FAILURES_BEFORE_NOTICE) return;
    this.#announced = true;
    this.#options.notices.warn(
      `the API server ${this.#options.server} does not answer (${causeLine(error)}); trying again until it does`,
    );
  }

  /** The server answered, whatever it said. */
  answered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    if (this.#announced) {
      const seconds = Math.round((this.#options.now() - this.#awaySince) / 1000);
      this.#options.notices.info(`the API server ${this.#options.server} answers again after ${seconds} s`);
    }
    this.#announced = false;
    for (const wake of this.#sleepers) wake();
  }

  /**
   * Waits, shorter when another call gets an answer meanwhile.
   *
   * @throws the signal's reason when it aborts
   */
  async pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#sleepers.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#sleepers.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
    signal?.throwIfAborted();
  }
}
