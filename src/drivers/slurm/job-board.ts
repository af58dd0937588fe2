import { EventEmitter } from 'node:events';
import { causeLine } from '../../errors.js';
import type { ListedJob } from './job-list.js';

/** What Slurm says of a job. */
export type JobView =
  | { kind: 'listed'; job: ListedJob }
  /** Slurm has answered, and its list has no such job. */
  | { kind: 'missing' }
  | { kind: 'away'; words: string };

export interface JobBoardOptions {
  list(): Promise<Map<string, ListedJob>>;
  /** Milliseconds between two lists while jobs are watched. */
  tickMs?: number;
  /** Ends all watching. */
  signal: AbortSignal;
}

const TICK_MS = 1000;
/** While Slurm is away, so that its return is not met by a crowd. */
const AWAY_TICK_MS = 5000;

/** The states of all jobs of a daemon by one `squeue` a tick, however many they are. */
export class JobBoard {
  readonly #options: JobBoardOptions;
  readonly #views = new EventEmitter().setMaxListeners(0);
  readonly #watched = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #asked: Promise<void> | undefined;

  constructor(options: JobBoardOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#rest(), { once: true });
  }

  /**
   * Calls back with each list that is asked for from now on.
   *
   * @returns what ends that
   */
  watch(key: string, look: (view: JobView) => void): () => void {
    this.#views.on(key, look);
    this.#watched.set(key, (this.#watched.get(key) ?? 0) + 1);
    this.#plan(this.#options.tickMs ?? TICK_MS);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#views.off(key, look);
      const left = (this.#watched.get(key) ?? 1) - 1;
      if (left > 0) this.#watched.set(key, left);
      else this.#watched.delete(key);
      if (this.#watched.size === 0) this.#rest();
    };
  }

  #plan(ms: number): void {
    if (this.#timer !== undefined || this.#asked !== undefined || this.#options.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#asked = this.#ask().then((pause) => {
        this.#asked = undefined;
        if (this.#watched.size > 0) this.#plan(pause);
      });
    }, ms);
  }

  /** @returns milliseconds until the next list */
  async #ask(): Promise<number> {
    // A job that is watched from now on may be younger than the list.
    const keys = [...this.#watched.keys()];
    const pause = this.#options.tickMs ?? TICK_MS;
    try {
      const jobs = await this.#options.list();
      for (const key of keys) this.#tell(key, viewOf(jobs.get(key)));
      return pause;
    } catch (error) {
      for (const key of keys) this.#tell(key, { kind: 'away', words: causeLine(error) });
      return Math.max(pause, AWAY_TICK_MS);
    }
  }

  #tell(key: string, view: JobView): void {
    this.#views.emit(key, view);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function viewOf(job: ListedJob | undefined): JobView {
  return job === undefined ? { kind: 'missing' } : { kind: 'listed', job };
}
