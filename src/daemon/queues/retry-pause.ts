/** Doubled with each failure in a row, up to this. */
const LONGEST_MS = 600_000;

export interface RetryPauseOptions {
  /** Pause after the first failure. */
  pauseMs: number;
  say(text: string): void;
  /** The monotonic clock, milliseconds. */
  now?: () => number;
}

/**
 * A machine that fails for reasons of its own takes no task for a while: others get the task that went back to its
 * queue, and a broken machine does not use up the attempts of all tasks.
 */
export class RetryPause {
  readonly #options: RetryPauseOptions;
  #inRow = 0;
  #until = Number.NEGATIVE_INFINITY;

  constructor(options: RetryPauseOptions) {
    this.#options = options;
  }

  /** A task goes back to its queue for a failure of this machine. */
  begin(): void {
    const { pauseMs, say } = this.#options;
    if (pauseMs <= 0) return;
    const ms = Math.max(pauseMs, Math.min(pauseMs * 2 ** this.#inRow, LONGEST_MS));
    this.#inRow += 1;
    this.#until = this.#now() + ms;
    say(`a failure of this machine's infrastructure ended a task: no task is taken for ${ms / 1000} s`);
  }

  /** A task has ended in another way: the machine works. */
  clear(): void {
    this.#inRow = 0;
  }

  get holds(): boolean {
    return this.#now() < this.#until;
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }
}
