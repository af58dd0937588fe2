import { EventEmitter } from 'node:events';
import PQueue from 'p-queue';

export interface SlotLimits {
  /** Tasks that may run at once. */
  running: number;
  /** Of these, how many may still be on their way to their command: clones and installations are heavy work. */
  preparing: number;
}

/** A task that takes a place, and the id of the queue that it came from. */
export interface PlacedRun {
  task: string;
  queue?: string | undefined;
}

/** Holds the runs of a daemon. It asks for a task only when there is a place for it. */
export class Slots {
  readonly #queue = new PQueue();
  readonly #aside = new PQueue();
  readonly #runs = new Map<symbol, PlacedRun>();
  readonly #preparing = new Set<symbol>();
  readonly #launches = new EventEmitter();
  readonly #limits: SlotLimits;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Tasks that may run at once. */
  get limit(): number {
    return this.#limits.running;
  }

  get running(): number {
    return this.#queue.pending;
  }

  /** The runs, oldest first. */
  get runs(): PlacedRun[] {
    return [...this.#runs.values()];
  }

  /** Ids of the tasks that run, in the order of their start. */
  get tasks(): string[] {
    return this.runs.map(({ task }) => task);
  }

  /**
   * Starts a run, whatever the limits: what an earlier daemon left resumes at once. It must not reject: a
   * run tells its own failures.
   *
   * @param run calls `launched` when its command runs
   */
  start(placed: PlacedRun, run: (launched: () => void) => Promise<void>): void {
    const id = Symbol('run');
    this.#runs.set(id, placed);
    this.#preparing.add(id);
    const launched = () => {
      if (this.#preparing.delete(id)) this.#launches.emit('launched');
    };
    const over = () => {
      this.#runs.delete(id);
      launched();
    };
    void this.#queue.add(() => run(launched).finally(over));
  }

  /** Starts a run that has nothing to run, only something to wait for: it takes no place and is not counted. */
  startAside(run: (launched: () => void) => Promise<void>): void {
    void this.#aside.add(() => run(() => undefined));
  }

  /** Resolves when there is a free place, or when the signal aborts. */
  async free(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#hasPlace) await this.#change(signal);
  }

  /** Resolves when nothing runs and nothing is waited for. */
  async idle(): Promise<void> {
    await Promise.all([this.#queue.onIdle(), this.#aside.onIdle()]);
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
