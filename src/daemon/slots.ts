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

/** What a run tells on the way to its command. */
export interface Preparation {
  /** Its command runs. */
  launched(): void;
  /** As `PlaceRequest.waiting`. `busy` settles when nothing is done for the run beside. */
  waiting<T>(wait: () => Promise<T>, busy: Promise<unknown>, signal: AbortSignal): Promise<T>;
}

/** Holds the runs of a daemon. It asks for a task only when there is a place for it. */
export class Slots {
  readonly #queue = new PQueue();
  readonly #aside = new PQueue();
  readonly #runs = new Map<symbol, PlacedRun>();
  readonly #preparing = new Set<symbol>();
  /** Runs that have waited and are to be prepared further, which come before new ones. */
  readonly #returning = new Set<symbol>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
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
   */
  start(placed: PlacedRun, run: (preparation: Preparation) => Promise<void>): Promise<void> {
    const id = Symbol('run');
    this.#runs.set(id, placed);
    this.#preparing.add(id);
    const preparation: Preparation = {
      launched: () => this.#leave(id),
      waiting: (wait, busy, signal) => this.#waited(id, wait, busy, signal),
    };
    const over = () => {
      this.#runs.delete(id);
      this.#leave(id);
    };
    return this.#queue.add(() => run(preparation).finally(over));
  }

  /** Starts a run that has nothing to run, only something to wait for: it takes no place and is not counted. */
  startAside(run: (preparation: Preparation) => Promise<void>): Promise<void> {
    return this.#aside.add(() => run({ launched: () => undefined, waiting: (wait) => wait() }));
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
    return this.running < this.#limits.running && this.#returning.size === 0 && this.#mayPrepare;
  }

  get #mayPrepare(): boolean {
    return this.#preparing.size < this.#limits.preparing;
  }

  async #waited<T>(
    id: symbol,
    wait: () => Promise<T>,
    busy: Promise<unknown>,
    signal: AbortSignal,
  ): Promise<T> {
    let isOver = false;
    const leave = () => {
      if (!isOver) this.#leave(id);
    };
    busy.then(leave, leave);
    const waited = await wait().finally(() => {
      isOver = true;
    });
    if (!this.#preparing.has(id)) await this.#return(id, signal);
    return waited;
  }

  async #return(id: symbol, signal: AbortSignal): Promise<void> {
    this.#returning.add(id);
    try {
      while (!signal.aborted && !this.#mayPrepare) await this.#change(signal);
      signal.throwIfAborted();
      this.#preparing.add(id);
    } finally {
      this.#returning.delete(id);
      this.#changes.emit('change');
    }
  }

  #leave(id: symbol): void {
    if (this.#preparing.delete(id)) this.#changes.emit('change');
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#queue.off('next', done);
        this.#changes.off('change', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#queue.on('next', done);
      this.#changes.on('change', done);
      signal.addEventListener('abort', done);
    });
  }
}
