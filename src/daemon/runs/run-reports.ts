import type { Heartbeat } from '../heartbeat.js';
import type { RunIdentity } from './run-contexts.js';
import { ServiceReports } from './service-reports.js';

export interface RunReportsOptions {
  heartbeat: Heartbeat;
  /** Each run is a worker of its own. */
  services: boolean;
  /** Of the workers that services are. */
  tags: readonly string[];
  intervalMs: number;
  warn(text: string): void;
}

/** Ends the reports of a run. */
export interface StartedReports {
  /** @param handedOver the run continues without this daemon */
  ended(handedOver: boolean): Promise<void>;
}

/** Tells the server that this daemon lives and what it runs: as its own work, or as that of workers under it. */
export class RunReports {
  readonly #heartbeat: Heartbeat;
  readonly #services: ServiceReports | undefined;

  constructor({ heartbeat, services, ...options }: RunReportsOptions) {
    this.#heartbeat = heartbeat;
    this.#services = services ? new ServiceReports({ ...options, stats: () => heartbeat.latest }) : undefined;
  }

  /** Reports until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#heartbeat.run(signal), this.#services?.run(signal)]);
  }

  async started(
    { ctx, workers }: RunIdentity,
    { task, queue }: { task: string; queue: string | undefined },
  ): Promise<StartedReports> {
    const services = this.#services;
    if (services === undefined) {
      await this.#heartbeat.taskStarted(task, queue);
      return { ended: () => this.#heartbeat.taskEnded(task) };
    }
    const service = { workerId: ctx.workerId, task, workers };
    await services.started(service);
    return { ended: (handedOver) => services.ended(service, handedOver) };
  }
}
