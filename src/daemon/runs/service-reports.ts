import { setTimeout as sleep } from 'node:timers/promises';
import { isTaskGone } from '../../api/errors.js';
import type { WorkersApi } from '../../api/workers.js';
import { causeLine } from '../../errors.js';
import type { MachineStats } from '../../monitor/machine-stats.js';

/** A task that is a worker of its own for the server. */
export interface ServiceWorker {
  workerId: string;
  task: string;
  /** Calls the server with the credentials that the task has. */
  workers: Pick<WorkersApi, 'statusReport' | 'unregister'>;
  /** Of the machine as the task has it. */
  stats(): MachineStats | null;
}

export interface ServiceReportsOptions {
  tags: readonly string[];
  intervalMs: number;
  warn(text: string): void;
}

/**
 * Tells the server that the runs of this daemon live, each as the worker that it would be with an agent of
 * its own. They report one after the other, as far apart as they were started.
 */
export class ServiceReports {
  readonly #options: ServiceReportsOptions;
  /** When each is to report, the next one first. */
  readonly #due = new Map<ServiceWorker, number>();
  #failing = false;

  constructor(options: ServiceReportsOptions) {
    this.#options = options;
  }

  /** Reports until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [next] = this.#due;
      // One that starts meanwhile is due an interval later, which is after this pause.
      const wait = next === undefined ? this.#options.intervalMs : next[1] - performance.now();
      if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
      else if (next !== undefined) await this.#reportAgain(next[0], signal);
    }
  }

  /** Said at once, because the server routes aborts by it. */
  async started(service: ServiceWorker): Promise<void> {
    this.#plan(service);
    await this.#report(service, null);
  }

  /** @param handedOver the service runs on, so the server must keep its worker */
  async ended(service: ServiceWorker, handedOver: boolean): Promise<void> {
    this.#due.delete(service);
    if (handedOver) return;
    await service.workers
      .unregister({ worker: service.workerId }, { retry: 'none' })
      .catch((error: unknown) => this.#failed(service, error));
  }

  #reportAgain(service: ServiceWorker, signal: AbortSignal): Promise<void> {
    this.#plan(service);
    return this.#report(service, service.stats(), signal);
  }

  #plan(service: ServiceWorker): void {
    this.#due.delete(service);
    this.#due.set(service, performance.now() + this.#options.intervalMs);
  }

  async #report(service: ServiceWorker, stats: MachineStats | null, signal?: AbortSignal): Promise<void> {
    const { workerId, task, workers } = service;
    const { tags } = this.#options;
    const report = {
      worker: workerId,
      timestamp: Math.floor(Date.now() / 1000) * 1000,
      tags: tags.length > 0 ? tags : null,
      is_daemon: false,
      machine_stats: stats,
      task,
    };
    try {
      await workers.statusReport(report, { retry: 'none', ...(signal ? { signal } : {}) });
      this.#failing = false;
    } catch (error) {
      // The run of a task that was deleted ends by itself.
      if (!signal?.aborted && !isTaskGone(error)) this.#failed(service, error);
    }
  }

  #failed({ workerId }: ServiceWorker, error: unknown): void {
    if (!this.#failing) this.#options.warn(`cannot report the state of ${workerId}: ${causeLine(error)}`);
    this.#failing = true;
  }
}
