import PQueue from 'p-queue';

/** Runs up to `limit` tasks at once. The daemon asks for a task only when there is a place for it. */
export class Slots {
  readonly #queue: PQueue;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#queue = new PQueue({ concurrency: limit });
  }

  get running(): number {
    return this.#queue.pending + this.#queue.size;
  }

  /** Starts a run. It must not reject: a run tells its own failures. */
  start(run: () => Promise<void>): void {
    void this.#queue.add(run);
  }

  /** Resolves when there is a free place, or when the signal aborts. */
  async free(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.running >= this.#limit) await this.#change(signal);
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#queue.off('next', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#queue.on('next', done);
      signal.addEventListener('abort', done);
    });
  }
}
