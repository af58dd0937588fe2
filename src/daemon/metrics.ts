import type { Config } from '../config/config.js';
import { type Figure, machineFigures } from '../monitor/figures.js';
import type { MachineMonitor } from '../monitor/machine-monitor.js';
import type { MetricsServer } from '../monitor/metrics-server.js';

export interface MetricsRequest {
  config: Config;
  workerId: string;
  monitor: MachineMonitor;
  /** Tasks that run now. */
  running(): number;
  /** How tasks failed. */
  failures(): readonly Figure[];
  say(text: string): void;
}

/**
 * Serves the page of metrics where `agent.metrics.port` asks for it.
 *
 * @throws AgentError CONFIG_VALUE when the address cannot be listened on
 */
export async function serveMetrics(request: MetricsRequest): Promise<MetricsServer | undefined> {
  const { config, workerId, running, say } = request;
  const port = config.number('agent.metrics.port');
  if (port === undefined) return undefined;
  const { startMetricsServer } = await import('../monitor/metrics-server.js');
  const server = await startMetricsServer({
    host: config.string('agent.metrics.host') ?? '127.0.0.1',
    port,
    figures: () => [
      ...daemonFigures(request),
      ...request.failures(),
      ...machineFigures(request.monitor.latest),
    ],
    health: () => ({
      ok: true,
      worker: workerId,
      running: running(),
      uptime_seconds: Math.round(process.uptime()),
    }),
  });
  say(`metrics are served on ${server.url}/metrics`);
  return server;
}

function daemonFigures({ workerId, running }: MetricsRequest): Figure[] {
  const labels = { worker: workerId };
  const gauge = (name: string, help: string, value: number): Figure => {
    return { name: `clearml_agent_${name}`, help, kind: 'gauge', value, labels };
  };
  return [
    gauge('running_tasks', 'Tasks that this daemon runs now.', running()),
    gauge('uptime_seconds', 'Time since the daemon was started.', process.uptime()),
    gauge('resident_memory_bytes', 'Memory of the daemon itself.', process.memoryUsage.rss()),
  ];
}
