import type { Counter, Gauge } from 'prom-client';
import { AgentError, systemCode } from '../errors.js';
import type { Figure } from './figures.js';

export interface MetricsServerOptions {
  /** `agent.metrics.host`; loopback unless somebody says otherwise. */
  host: string;
  /** `agent.metrics.port`; 0 takes any free port. */
  port: number;
  /** What the page shows now. */
  figures: () => readonly Figure[];
  health: () => Health;
}

/** `/healthz` answers 200 or 503 with this as JSON. */
interface Health {
  ok: boolean;
  [detail: string]: string | number | boolean;
}

export interface MetricsServer {
  /** Base address, such as `http://127.0.0.1:9101`. */
  url: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` for Prometheus and `/healthz` for whatever watches the agent. Nobody but an administrator who
 * asks for it pays for the libraries.
 *
 * @throws AgentError CONFIG_VALUE when the address cannot be listened on
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { fastify } = await import('fastify');
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await renderFigures(options.figures());
    return reply.type(contentType).send(text);
  });
  server.get('/healthz', async (_request, reply) => {
    const health = options.health();
    return reply.code(health.ok ? 200 : 503).send(health);
  });
  try {
    const url = await server.listen({ host: options.host, port: options.port });
    return { url, close: () => server.close() };
  } catch (error) {
    const code = systemCode(error) ?? String(error);
    throw new AgentError(
      'CONFIG_VALUE',
      `agent.metrics.port: cannot listen on ${options.host}:${options.port}: ${code}`,
      {
        hint: 'Choose another port, or leave the key out to serve no metrics.',
        cause: error,
      },
    );
  }
}

/** Text in Prometheus' format. Figures of one name belong together and have the same labels. */
async function renderFigures(figures: readonly Figure[]): Promise<{ contentType: string; text: string }> {
  const client = await import('prom-client');
  const registry = new client.Registry();
  const metrics = new Map<string, Counter | Gauge>();
  for (const { name, help, kind, labels = {}, value } of figures) {
    const settings = { name, help, labelNames: Object.keys(labels), registers: [registry] };
    const metric =
      metrics.get(name) ?? (kind === 'counter' ? new client.Counter(settings) : new client.Gauge(settings));
    metrics.set(name, metric);
    metric.inc(labels, value);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}
