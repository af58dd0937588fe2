/** Between two groups of answers for one queue: agents of the first have taken its tasks by then, unless they may not. */
const GROUP_MS = 50;

interface Waiter {
  queues: readonly string[];
  end(): void;
}

/**
 * Calls that wait until something is queued. The server answers as many of them as tasks are in the queue, the oldest first;
 * while tasks are left, it answers twice as many, and so on. So a thousand waiting agents make one pop for a task, not a
 * thousand.
 */
export class QueueWaits {
  readonly #countEntries: (queue: string) => number;
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Queues whose waiters are being answered. */
  readonly #answering = new Set<string>();
  #isClosed = false;

  constructor(countEntries: (queue: string) => number) {
    this.#countEntries = countEntries;
  }

  /** Resolves when one of the queues has a task, when the time is over or the client is gone, and when the server ends. */
  wait(queues: readonly string[], { ms, gone }: { ms: number; gone: AbortSignal }): Promise<void> {
    if (this.#isClosed || gone.aborted || queues.some((queue) => this.#countEntries(queue) > 0))
      return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        queues,
        end: () => {
          clearTimeout(timer);
          gone.removeEventListener('abort', waiter.end);
          this.#remove(waiter);
          resolve();
        },
      };
      const timer = setTimeout(waiter.end, ms);
      gone.addEventListener('abort', waiter.end);
      for (const queue of queues) this.#waitersOf(queue).add(waiter);
    });
  }

  /** A task was put into the queue. The transaction that does so may still be open. */
  queued(queue: string): void {
    if (this.#answering.has(queue) || !this.#waiters.has(queue)) return;
    this.#answering.add(queue);
    setImmediate(() => this.#answer(queue, 1));
  }

  /** Ends all waits, and each that begins later. */
  close(): void {
    this.#isClosed = true;
    for (const waiters of [...this.#waiters.values()]) for (const waiter of [...waiters]) waiter.end();
  }

  #answer(queue: string, factor: number): void {
    const waiters = this.#waiters.get(queue);
    const entries = waiters === undefined ? 0 : this.#countEntries(queue);
    if (waiters === undefined || entries === 0) {
      this.#answering.delete(queue);
      return;
    }
    for (const waiter of [...waiters].slice(0, entries * factor)) waiter.end();
    setTimeout(() => this.#answer(queue, 2 * factor), GROUP_MS);
  }

  #waitersOf(queue: string): Set<Waiter> {
    const known = this.#waiters.get(queue) ?? new Set();
    this.#waiters.set(queue, known);
    return known;
  }

  #remove(waiter: Waiter): void {
    for (const queue of waiter.queues) {
      const waiters = this.#waiters.get(queue);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.#waiters.delete(queue);
    }
  }
}
