import path from 'node:path';
import type { Traffic } from '../api/traffic.js';
import type { Config } from '../config/config.js';
import type { GpuState } from '../gpu/claims/gpu-states.js';
import { LOG_FOLDER } from '../logs/task-log.js';
import type { Figure } from '../monitor/figures.js';
import { machineFigures } from '../monitor/figures.js';
import { gpuTableFigures } from '../monitor/gpu-table-figures.js';
import type { MachineMonitor } from '../monitor/machine-monitor.js';
import type { MetricsServer } from '../monitor/metrics-server.js';
import type { RunMetrics } from '../monitor/run-metrics.js';
import { FAILURE_CLASSES, type FailureClass } from '../task/failure-class.js';
import type { RunResult } from '../task/run.js';
import { hookFigures, queueFigures, slotFigures, spoolFigures, trafficFigures } from './daemon-figures.js';
import { ENDING_STATES, type EndingView } from './ending-state.js';

export interface MetricsRequest {
  config: Config;
  workerId: string;
  monitor: MachineMonitor;
  /** Tasks that run now, and that may run at once. */
  slots: { readonly running: number; readonly limit: number };
  /** How tasks failed. */
  failures(): readonly Figure[];
  traffic: Traffic;
  /** How often each hook failed. */
  hookFailures: ReadonlyMap<string, number>;
  /** Tasks in each queue, by its name. */
  queueLengths: ReadonlyMap<string, number>;
  /** What the machine's table says of its GPUs; none where it has no GPUs. */
  gpuStates(): Promise<readonly GpuState[]>;
  /** Folders of the runs. */
  runFolders(): Promise<readonly string[]>;
  ending(): EndingView;
  say(text: string): void;
}

export interface ServedMetrics {
  server: MetricsServer;
  runs: RunMetrics;
}

/**
 * Serves the page of metrics where `agent.metrics.port` asks for it.
 *
 * @throws AgentError CONFIG_VALUE when the address cannot be listened on
 */
export async function serveMetrics(request: MetricsRequest): Promise<ServedMetrics | undefined> {
  const { config, workerId, slots, ending, say } = request;
  const port = config.agent.metrics.port;
  if (port === undefined) return undefined;
  const [{ startMetricsServer }, { RunMetrics }] = await Promise.all([
    import('../monitor/metrics-server.js'),
    import('../monitor/run-metrics.js'),
  ]);
  const runs = new RunMetrics(workerId);
  const server = await startMetricsServer({
    host: config.agent.metrics.host,
    port,
    registry: runs.registry,
    figures: () => allFigures(request),
    health: () => ({
      ok: true,
      worker: workerId,
      state: ending().state,
      running: slots.running,
      uptime_seconds: Math.round(process.uptime()),
    }),
  });
  say(`metrics are served on ${server.url}/metrics`);
  return { server, runs };
}

async function allFigures(request: MetricsRequest): Promise<Figure[]> {
  const { workerId, slots, traffic, hookFailures, queueLengths } = request;
  const [runFolders, states] = await Promise.all([
    request.runFolders(),
    // A table that cannot be read now costs the page a few figures.
    request.gpuStates().catch(() => []),
  ]);
  return [
    ...daemonFigures(request),
    ...slotFigures(workerId, slots),
    ...request.failures(),
    ...trafficFigures(workerId, traffic),
    ...hookFigures(workerId, hookFailures),
    ...queueFigures(workerId, queueLengths),
    ...(await spoolFigures(
      workerId,
      runFolders.map((folder) => path.join(folder, LOG_FOLDER)),
    )),
    ...machineFigures(request.monitor.latest),
    ...gpuTableFigures(states),
  ];
}

function daemonFigures({ workerId, slots, ending }: MetricsRequest): Figure[] {
  const labels = { worker: workerId };
  const gauge = (name: string, help: string, value: number): Figure => {
    return { name: `clearml_agent_${name}`, help, kind: 'gauge', value, labels };
  };
  return [
    gauge('running_tasks', 'Tasks that this daemon runs now.', slots.running),
    ...endingFigures(workerId, ending()),
    gauge('uptime_seconds', 'Time since the daemon was started.', process.uptime()),
    gauge('resident_memory_bytes', 'Memory of the daemon itself.', process.memoryUsage.rss()),
  ];
}

function endingFigures(worker: string, { state, until }: EndingView): Figure[] {
  const states = ENDING_STATES.map((one): Figure => {
    const labels = { worker, state: one };
    const help = 'Whether this daemon runs, or how it ends (1 for its state).';
    return { name: 'clearml_agent_state', help, kind: 'gauge', value: one === state ? 1 : 0, labels };
  });
  if (until === undefined) return states;
  return [
    ...states,
    {
      name: 'clearml_agent_state_deadline_timestamp_seconds',
      help: 'When the time limit of a drain or a stop is over.',
      kind: 'gauge',
      value: Date.parse(until) / 1000,
      labels: { worker },
    },
  ];
}

/** Counts how the attempts of a daemon failed, since it was started. */
export class FailureTally {
  readonly #failed = new Map<FailureClass, number>();
  readonly #retried = new Map<FailureClass, number>();

  note(result: RunResult | undefined): void {
    if (result === undefined || result === 'handed-over' || result.failure === undefined) return;
    add(this.#failed, result.failure);
    if (result.retried) add(this.#retried, result.failure);
  }

  /** Every class is there from the start: a counter that appears with its first event hides that event from a rate. */
  figures(worker: string): Figure[] {
    const counter = (name: string, help: string, counts: ReadonlyMap<FailureClass, number>): Figure[] =>
      FAILURE_CLASSES.map((kind) => ({
        name: `clearml_agent_${name}_total`,
        help,
        kind: 'counter',
        value: counts.get(kind) ?? 0,
        labels: { worker, class: kind },
      }));
    return [
      ...counter('task_failures', 'Attempts at tasks that failed, by class.', this.#failed),
      ...counter('task_retries', 'Failed attempts whose task went back to its queue.', this.#retried),
    ];
  }
}

function add(counts: Map<FailureClass, number>, kind: FailureClass): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}
