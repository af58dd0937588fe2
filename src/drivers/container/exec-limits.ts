import type { ExecOptions } from '../driver.js';

/** Of a command that has been killed, what still holds its output open is waited for this long. */
const GIVE_UP_MS = 2000;

/** Ends a command when the caller aborts or its time is up. */
export class ExecLimits {
  reached = false;
  /** Settles when the command was ended long enough ago. */
  readonly givenUp: Promise<undefined>;
  readonly #signal: AbortSignal | undefined;
  readonly #onReached: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  #giveUp: ((nothing: undefined) => void) | undefined;

  constructor({ signal, timeoutMs }: Pick<ExecOptions, 'signal' | 'timeoutMs'>, onReached: () => void) {
    this.#signal = signal;
    this.#onReached = onReached;
    this.givenUp = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
    signal?.addEventListener('abort', this.#reach);
    if (timeoutMs !== undefined) this.#timers.push(setTimeout(this.#reach, timeoutMs));
  }

  release(): void {
    this.#signal?.removeEventListener('abort', this.#reach);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  readonly #reach = (): void => {
    if (this.reached) return;
    this.reached = true;
    this.#onReached();
    this.#timers.push(setTimeout(() => this.#giveUp?.(undefined), GIVE_UP_MS));
  };
}
