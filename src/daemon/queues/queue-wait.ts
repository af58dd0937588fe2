import type { QueuesApi } from '../../api/queues.js';
import { causeLine } from '../../errors.js';
import { onAbort } from '../../os/on-abort.js';

export interface QueueWaitOptions {
  queues: Pick<QueuesApi, 'waitForTasks'>;
  /** Longest wait that the server offers, seconds; `undefined` on a server without waits. */
  offered(): number | undefined;
  /** The queues to wait for; `undefined` while there is something to look after at shorter intervals. */
  empty(): readonly string[] | undefined;
  /** Until something changes here, or until the time is over. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  info(text: string): void;
}

/** No wait is longer, whatever the server offers: proxies end connections without traffic after 30 s and more. */
const LONGEST_S = 25;
/** The request itself fails before that. */
const PAUSE_MS = 120_000;
/** A server that answers each wait at once is not asked more often. */
const SHORTEST_MS = 100;
/** A proxy that cuts waits short cuts them all. */
const MOST_FAILURES = 2;
const AFTER_FAILURES_MS = 600_000;

/** Waits for the next look at the queues: on the server, where it tells when something is queued, or for a while. */
export class QueueWait {
  readonly #options: QueueWaitOptions;
  #failures = 0;
  #offUntil = Number.NEGATIVE_INFINITY;

  constructor(options: QueueWaitOptions) {
    this.#options = options;
  }

  /** @param ms the wait where the server tells nothing */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const { offered, empty, pause } = this.#options;
    const seconds = performance.now() < this.#offUntil ? undefined : offered();
    const queues = seconds === undefined ? undefined : empty();
    if (seconds === undefined || queues === undefined) return pause(ms, signal);
    const begun = performance.now();
    const outcome = await this.#onServer(queues, Math.min(seconds, LONGEST_S), signal);
    this.#note(outcome);
    const least = { told: SHORTEST_MS, failed: ms, changed: 0 }[outcome.kind];
    const rest = least - (performance.now() - begun);
    if (rest > 0) await pause(rest, signal);
  }

  async #onServer(queues: readonly string[], seconds: number, signal: AbortSignal): Promise<Outcome> {
    const over = new AbortController();
    const stopListening = onAbort(signal, () => over.abort());
    if (signal.aborted) over.abort();
    const request = { queues, timeout_sec: seconds };
    const told = this.#options.queues.waitForTasks(request, { signal: over.signal, retry: 'none' }).then(
      (): Outcome => ({ kind: 'told' }),
      (error: unknown): Outcome => (signal.aborted ? { kind: 'changed' } : { kind: 'failed', error }),
    );
    const changed = this.#options.pause(PAUSE_MS, over.signal).then((): Outcome => ({ kind: 'changed' }));
    try {
      return await Promise.race([told, changed]);
    } finally {
      stopListening();
      over.abort();
    }
  }

  #note(outcome: Outcome): void {
    if (outcome.kind === 'told') this.#failures = 0;
    if (outcome.kind !== 'failed') return;
    this.#failures += 1;
    if (this.#failures < MOST_FAILURES) return;
    this.#failures = 0;
    this.#offUntil = performance.now() + AFTER_FAILURES_MS;
    this.#options.info(
      `the server cannot tell when a task is queued, so the queues are polled: ${causeLine(outcome.error)}`,
    );
  }
}

/** `changed` covers the end of the daemon, too. */
type Outcome = { kind: 'told' | 'changed' } | { kind: 'failed'; error: unknown };
