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

/** Milliseconds between two requests while a caller is in a hurry. */
const HURRY_MS = 500;

/** The statuses of all tasks that a daemon runs, asked for in one call an interval however many they are. */
export class StatusBoard {
  readonly #options: StatusBoardOptions;
  #next = new Round();
  #asked: Round | undefined;
  #timer: NodeJS.Timeout | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Until when each of these tasks is asked for more often. */
  readonly #hurried = new Map<string, number>();

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

  /** Asks for a task more often for a while. */
  hurry(task: string, ms: number): void {
    this.#hurried.set(task, performance.now() + ms);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#plan();
  }

  /** Asks for a task as often as for any other. */
  calm(task: string): void {
    this.#hurried.delete(task);
  }

  get #intervalMs(): number {
    const { intervalMs } = this.#options;
    const hurries = [...this.#hurried.values()].some((until) => performance.now() < until);
    return hurries ? Math.min(HURRY_MS, intervalMs) : intervalMs;
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#asked !== undefined || this.#next.isEmpty) return;
    const { random = Math.random } = this.#options;
    const intervalMs = this.#intervalMs;
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

  /** Aborts when no caller waits any more. */
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
