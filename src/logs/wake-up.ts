/** Waits that end when something is said to have happened. */
export class WakeUp {
  #waiting = new Set<() => void>();

  /** Ends the waits that are under way; nothing is kept for later ones. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resume of waiting) resume();
  }

  /** Until the next wake-up, or for this many milliseconds. */
  async next(ms?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting.add(resume);
      if (ms !== undefined) timer = setTimeout(resume, ms);
      const waiting = this.#waiting;
      function resume() {
        waiting.delete(resume);
        resolve();
      }
    });
    clearTimeout(timer);
  }

  /** The condition is looked at again after each wake-up, and when a signal aborts, which ends the wait. */
  async until(isTrue: () => boolean, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    const onAbort = () => this.wake();
    for (const signal of signals) signal?.addEventListener('abort', onAbort);
    while (!isTrue() && !signals.some((signal) => signal?.aborted)) await this.next();
    for (const signal of signals) signal?.removeEventListener('abort', onAbort);
  }
}
