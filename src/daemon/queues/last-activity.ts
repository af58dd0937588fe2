import { EventEmitter } from 'node:events';

/** A task that is queued comes after these; more of each queue would only cost memory. */
const MOST_REMEMBERED = 100;

/** A daemon that starts may be followed by its first task, or be one of a fleet that starts after a power cut. */
const QUIET_AT_START_MS = 180_000;

/** When something last happened that makes a new task likely. */
export class LastActivity {
  readonly #ends = new EventEmitter();
  #at = performance.now() - QUIET_AT_START_MS;
  #entries: ReadonlySet<string> = new Set();

  /** Milliseconds since then. */
  get quietMs(): number {
    return performance.now() - this.#at;
  }

  /** A task was pulled. */
  note(): void {
    this.#at = performance.now();
  }

  /** A run is over. */
  runEnded(): void {
    this.note();
    this.#ends.emit('ended');
  }

  /** Called at the end of each run. */
  onRunEnded(listener: () => void): void {
    this.#ends.on('ended', listener);
  }

  /** What waits in each queue, in its order. A task that waits for long is no activity; one that was not there before is. */
  entriesSeen(queues: readonly (readonly string[])[]): void {
    const entries = queues.flatMap((tasks) => tasks.slice(-MOST_REMEMBERED));
    if (entries.some((task) => !this.#entries.has(task))) this.note();
    this.#entries = new Set(entries);
  }
}
