import type { TaskStanding } from '../api/tasks.js';

export interface StatusBoardOptions {
  /** Asks the server for all of these at once; tasks that its answer says nothing of are left out. */
  read(tasks: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, TaskStanding>>;
  /** Milliseconds between two questions. */
  intervalMs: number;
  random?: () => number;
}

interface Waiter {
  task: string;
  resolve(reading: TaskStanding | undefined): void;
  reject(error: unknown): void;
  /** Stops listening for the waiter's abort. */
  done(): void;
}

/** Up to this part longer than the interval, so that many agents do not ask in step. */
const JITTER = 0.2;

/** The statuses of all tasks that a daemon runs, asked for in one call an interval however many they are. */
export class StatusBoard {
  readonly #options: StatusBoardOptions;
  #next = new Round();
  #asked: Round | undefined;
  #timer: NodeJS.Timeout | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: StatusBoardOptions) {
    this.#options = options;
  }

  /**
   * The next reading of a task's status: at once when nothing was asked for an interval, else when the interval
   * is over. `undefined` when the server's answer says nothing of the task.
   *
   * @throws what the call threw, or the signal's reason
   */
  next(task: string, signal: AbortSignal): Promise<TaskStanding | undefined> {
    // Everybody left the one before, so its call would be given up at once.
    if (this.#next.abandoned.aborted) this.#next = new Round();
    const reading = this.#next.join(task, signal);
    this.#plan();
    return reading;
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#asked !== undefined || this.#next.isEmpty) return;
    const { intervalMs, random = Math.random } = this.#options;
    const due = this.#askedAt + intervalMs * (1 + random() * JITTER);
    this.#timer = setTimeout(() => void this.#ask(), Math.max(0, due - performance.now()));
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const round = this.#next;
    if (round.isEmpty) return;
    this.#next = new Round();
    this.#asked = round;
    this.#askedAt = performance.now();
    try {
      round.settle(await this.#options.read(round.tasks, round.abandoned));
    } catch (error) {
      round.fail(error);
    } finally {
      this.#asked = undefined;
      this.#plan();
    }
  }
}

/** Everyone who waits for the same call. */
class Round {
  readonly #waiters = new Set<Waiter>();
  readonly #abandoned = new AbortController();

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  get tasks(): string[] {
    return [...new Set([...this.#waiters].map(({ task }) => task))];
  }

  /** Aborts when nobody waits any more. */
  get abandoned(): AbortSignal {
    return this.#abandoned.signal;
  }

  join(task: string, signal: AbortSignal): Promise<TaskStanding | undefined> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
        if (this.isEmpty) this.#abandoned.abort();
      };
      const done = () => signal.removeEventListener('abort', leave);
      const waiter: Waiter = { task, resolve, reject, done };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiters.add(waiter);
    });
  }

  settle(readings: ReadonlyMap<string, TaskStanding>): void {
    for (const { task, resolve, done } of this.#waiters) {
      done();
      resolve(readings.get(task));
    }
  }

  fail(error: unknown): void {
    for (const { reject, done } of this.#waiters) {
      done();
      reject(error);
    }
  }
}
