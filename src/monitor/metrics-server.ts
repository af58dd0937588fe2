import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Counter, Gauge, Registry } from 'prom-client';
import { AgentError, causeLine } from '../errors.js';
import { listenProblem } from '../os/listen-problem.js';
import type { Figure } from './figures.js';

export interface MetricsServerOptions {
  /** `agent.metrics.host`; default loopback. */
  host: string;
  /** `agent.metrics.port`; 0 takes any free port. */
  port: number;
  /** The key of the configuration that sets it, for the error. */
  key?: string;
  /** What the page shows now. */
  figures: () => Promise<readonly Figure[]>;
  /** What is counted and measured all the time. */
  registry: Registry;
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
 * Serves `/metrics` for Prometheus and `/healthz` for whatever watches the agent. Two pages need no framework, whose
 * 7 MB would be the greatest part of what an idle agent in a container adds.
 *
 * @throws AgentError CONFIG_VALUE when the address cannot be listened on
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, key = 'agent.metrics.port' } = options;
  const server = createServer((request, response) => {
    answer(request, options).then(
      ({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text),
      (error: unknown) => response.writeHead(500).end(causeLine(error)),
    );
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new AgentError(
      'CONFIG_VALUE',
      `${key}: cannot listen on ${host}:${port}: ${listenProblem(error)}`,
      {
        hint: 'Choose another port, or leave the key out to serve no metrics.',
        cause: error,
      },
    );
  }
  return { url: urlOf(server), close: () => close(server) };
}

interface Answer {
  status: number;
  type: string;
  text: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

async function answer({ method, url = '' }: IncomingMessage, options: MetricsServerOptions): Promise<Answer> {
  const page = url.split('?', 1)[0] ?? '';
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, `${method} is not taken here`);
  if (page === '/metrics') {
    const { contentType, text } = await renderFigures(await options.figures(), options.registry);
    return { status: 200, type: contentType, text };
  }
  if (page !== '/healthz') return refusal(404, 'there are /metrics and /healthz');
  const health = options.health();
  return { status: health.ok ? 200 : 503, type: JSON_TYPE, text: JSON.stringify(health) };
}

function refusal(status: number, message: string): Answer {
  return { status, type: JSON_TYPE, text: JSON.stringify({ message }) };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return '';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Text in Prometheus' format. Figures of one name belong together and have the same labels. */
async function renderFigures(
  figures: readonly Figure[],
  lasting: Registry,
): Promise<{ contentType: string; text: string }> {
  const registry = new Registry();
  const metrics = new Map<string, Counter | Gauge>();
  for (const { name, help, kind, labels = {}, value } of figures) {
    const settings = { name, help, labelNames: Object.keys(labels), registers: [registry] };
    const metric = metrics.get(name) ?? (kind === 'counter' ? new Counter(settings) : new Gauge(settings));
    metrics.set(name, metric);
    // A gauge may be infinite; figures that differ in nothing but their value are added up.
    if (metric instanceof Gauge && !Number.isFinite(value)) metric.set(labels, value);
    else metric.inc(labels, value);
  }
  const texts = await Promise.all([registry.metrics(), lasting.metrics()]);
  return { contentType: registry.contentType, text: texts.join('\n') };
}
