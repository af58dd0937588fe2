import { EventEmitter } from 'node:events';
import PQueue from 'p-queue';

export interface SlotLimits {
  /** Tasks that may run at once. */
  running: number;
  /** Of these, how many may still be on their way to their command: clones and installations are heavy work. */
  preparing: number;
}

/** Holds the runs of a daemon. It asks for a task only when there is a place for it. */
export class Slots {
  readonly #queue = new PQueue();
  readonly #preparing = new Set<symbol>();
  readonly #launches = new EventEmitter();
  readonly #limits: SlotLimits;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#queue.pending;
  }

  /**
   * Starts a run, whatever the limits: what an earlier daemon left is gone on with at once. It must not reject: a
   * run tells its own failures.
   *
   * @param run calls `launched` when its command runs
   */
  start(run: (launched: () => void) => Promise<void>): void {
    const id = Symbol('run');
    this.#preparing.add(id);
    const launched = () => {
      if (this.#preparing.delete(id)) this.#launches.emit('launched');
    };
    void this.#queue.add(() => run(launched).finally(launched));
  }

  /** Resolves when there is a free place, or when the signal aborts. */
  async free(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#hasPlace) await this.#change(signal);
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  get #hasPlace(): boolean {
    return this.running < this.#limits.running && this.#preparing.size < this.#limits.preparing;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#queue.off('next', done);
        this.#launches.off('launched', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#queue.on('next', done);
      this.#launches.on('launched', done);
      signal.addEventListener('abort', done);
    });
  }
}
