import type { MachineMonitor } from '../../monitor/machine-monitor.js';
import type { Heartbeat } from '../heartbeat.js';
import type { RunIdentity } from './run-contexts.js';
import { ServiceReports } from './service-reports.js';

export interface RunReportsOptions {
  heartbeat: Heartbeat;
  monitor: Pick<MachineMonitor, 'statsOf'>;
  /** Of the workers that runs are. */
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
  readonly #monitor: RunReportsOptions['monitor'];
  readonly #services: ServiceReports;

  constructor({ heartbeat, monitor, ...options }: RunReportsOptions) {
    this.#heartbeat = heartbeat;
    this.#monitor = monitor;
    this.#services = new ServiceReports(options);
  }

  /** Reports until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#heartbeat.run(signal), this.#services.run(signal)]);
  }

  async started(
    { ctx, workers, gpus }: RunIdentity,
    { task, queue }: { task: string; queue: string | undefined },
  ): Promise<StartedReports> {
    if (gpus === undefined) {
      await this.#heartbeat.taskStarted(task, queue);
      return { ended: () => this.#heartbeat.taskEnded(task) };
    }
    const stats = () => this.#monitor.statsOf(gpus, ctx.gpuFractions);
    const service = { workerId: ctx.workerId, task, workers, stats };
    await this.#services.started(service);
    return { ended: (handedOver) => this.#services.ended(service, handedOver) };
  }
}
