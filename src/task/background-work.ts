import { setTimeout as sleep } from 'node:timers/promises';
import { causeLine } from '../errors.js';
import type { AgentLogger } from '../logs/logger.js';

/** What a kept environment of usual size needs to be compiled on a machine with nothing else to do. */
const GRACE_MS = 10_000;
/** For work that was asked to end. */
const LAST_MS = 5000;

/** Work beside the tasks that none of them waits for: caches are tended, folders of ended runs removed. */
export class BackgroundWork {
  readonly #logger: AgentLogger;
  readonly #over = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(logger: AgentLogger) {
    this.#logger = logger;
  }

  /** `work` ends soon after its signal aborts; what it leaves undone is done again by a later run. */
  start(work: (signal: AbortSignal) => Promise<void>): void {
    const done = this.#carryOut(work).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  /** Waits a while for all of it, in a hurry not at all; unfinished work is then asked to end. */
  async end({ hurry }: { hurry: boolean }): Promise<void> {
    if (!hurry) await this.#idle(GRACE_MS);
    this.#over.abort();
    await this.#idle(LAST_MS);
  }

  async #idle(atMostMs: number): Promise<void> {
    const ended = new AbortController();
    const late = sleep(atMostMs, undefined, { signal: ended.signal }).catch(() => undefined);
    await Promise.race([late, this.#done()]);
    ended.abort();
  }

  /** Work may start more. */
  async #done(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #carryOut(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(this.#over.signal);
    } catch (error) {
      if (!this.#over.signal.aborted) this.#logger.warn(causeLine(error));
    }
  }
}
