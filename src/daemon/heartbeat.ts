import { setTimeout as sleep } from 'node:timers/promises';
import { isTaskGone } from '../api/errors.js';
import type { WorkersApi } from '../api/workers.js';
import { causeLine } from '../errors.js';
import type { MachineMonitor } from '../monitor/machine-monitor.js';
import type { MachineStats } from '../monitor/machine-stats.js';
import { lateAbort } from '../os/late-abort.js';

export interface HeartbeatOptions {
  workers: WorkersApi;
  workerId: string;
  /** Ids of the queues served; none for `execute`. */
  queues(): readonly string[];
  /** Each report replaces those of the one before. */
  tags(): readonly string[];
  isDaemon: boolean;
  intervalMs: number;
  /** While it holds when an interval is over, the report waits until this one is. */
  idle?: { holds(): boolean; intervalMs: number };
  monitor: MachineMonitor;
  warn(text: string): void;
}

/** The first full report comes this soon, so that a new worker shows its figures. */
const FIRST_REPORT_MS = 3000;

/** A daemon that is to end waits no longer for a report that is under way. */
const LAST_REPORT_MS = 2000;

/** Tells the server that this worker lives, what it runs and how busy the machine is. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #running = new Map<string, string | undefined>();
  #over = false;
  #telling: Promise<unknown> = Promise.resolve();
  #failing = false;
  #latest: MachineStats | null = null;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** What was measured last. */
  get latest(): MachineStats | null {
    return this.#latest;
  }

  /** Reports until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const measuring = this.#options.monitor.run(signal);
    await pause(Math.min(FIRST_REPORT_MS, this.#options.intervalMs), signal);
    while (!signal.aborted) {
      await this.#reportMachine(signal);
      await this.#interval(signal);
    }
    this.#over = true;
    // A report that reaches the server after the end would register the worker again.
    await Promise.all([measuring, this.#telling]);
  }

  async #interval(signal: AbortSignal): Promise<void> {
    const { intervalMs, idle } = this.#options;
    await pause(intervalMs, signal);
    if (idle?.holds()) await pause(idle.intervalMs - intervalMs, signal);
  }

  /** A task was taken: said at once, because the server routes aborts by it. */
  async taskStarted(task: string, queue: string | undefined): Promise<void> {
    this.#running.set(task, queue);
    await this.#report(null);
  }

  async taskEnded(task: string): Promise<void> {
    this.#running.delete(task);
    await this.#report(null);
  }

  /** The worker's tags are others now. Nothing is said once the heartbeat has ended: the worker is unregistered by then. */
  stateChanged(): void {
    if (this.#over) return;
    const said = this.#report(null, AbortSignal.timeout(LAST_REPORT_MS));
    this.#telling = Promise.all([this.#telling, said]);
  }

  async #reportMachine(signal: AbortSignal): Promise<void> {
    const { monitor } = this.#options;
    const stats = await monitor.stats(signal).catch(() => null);
    this.#latest = stats;
    const patience = lateAbort([signal], LAST_REPORT_MS);
    if (await this.#report(stats, patience.signal)) monitor.delivered();
    patience.close();
  }

  /** @returns whether the server took it */
  async #report(stats: MachineStats | null, signal?: AbortSignal): Promise<boolean> {
    const { workers, workerId, queues, tags, isDaemon, warn } = this.#options;
    const [task, queue] = [...this.#running].at(-1) ?? [];
    const served = queues();
    const shown = tags();
    try {
      await workers.statusReport(
        {
          worker: workerId,
          timestamp: Math.floor(Date.now() / 1000) * 1000,
          tags: shown.length > 0 ? shown : null,
          is_daemon: isDaemon,
          machine_stats: stats,
          ...(served.length > 0 ? { queues: [...served] } : {}),
          ...(task ? { task } : {}),
          ...(queue ? { queue } : {}),
        },
        { retry: 'none', ...(signal ? { signal } : {}) },
      );
      this.#failing = false;
      return true;
    } catch (error) {
      if (task !== undefined && isTaskGone(error)) {
        this.#running.delete(task);
        return this.#report(stats, signal);
      }
      if (!this.#failing && !signal?.aborted) warn(`cannot report this worker's state: ${causeLine(error)}`);
      this.#failing = true;
      return false;
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
