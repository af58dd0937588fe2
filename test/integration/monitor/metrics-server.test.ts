import net from 'node:net';
import test from 'ava';
import { Registry } from 'prom-client';
import { machineFigures } from '../../../src/monitor/figures.js';
import type { MachineSample } from '../../../src/monitor/machine-stats.js';
import { startMetricsServer } from '../../../src/monitor/metrics-server.js';

const sample: MachineSample = {
  at: 0,
  machine: {
    cpu: { busy: 1, total: 2 },
    counters: { diskRead: 0, diskWrite: 0, networkReceived: 0, networkSent: 0 },
    memory: { used: 2, free: 1 },
    diskFree: 50,
    cpuTemperature: undefined,
  },
  gpus: [
    {
      vendor: 'nvidia',
      index: 0,
      uuid: 'GPU-a',
      name: 'Tesla "T4"',
      temperature: 71,
      fanSpeed: undefined,
      utilization: 87,
      powerDraw: 68.12,
      powerLimit: 70,
      memoryUsed: 10,
      memoryFree: 20,
      memoryTotal: 30,
      processes: [],
    },
  ],
};

test('metrics in Prometheus’ format, health with its status', async (t) => {
  let ok = true;
  const server = await startMetricsServer({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    figures: async () => [
      {
        name: 'clearml_agent_tasks_total',
        help: 'Tasks.',
        kind: 'counter',
        value: 3,
        labels: { status: 'completed' },
      },
      {
        name: 'clearml_agent_tasks_total',
        help: 'Tasks.',
        kind: 'counter',
        value: 1,
        labels: { status: 'failed' },
      },
      ...machineFigures(sample),
    ],
    health: () => ({ ok, running: 2 }),
  });
  t.teardown(() => server.close());
  const page = await fetch(`${server.url}/metrics`);
  t.regex(page.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await page.text();
  t.true(text.includes('# TYPE clearml_agent_tasks_total counter\n'));
  t.true(text.includes('clearml_agent_tasks_total{status="completed"} 3\n'));
  t.true(text.includes('clearml_agent_tasks_total{status="failed"} 1\n'));
  t.true(text.includes('clearml_agent_machine_memory_used_bytes 2097152\n'));
  t.true(
    text.includes(
      'clearml_agent_gpu_utilization_ratio{gpu="0",uuid="GPU-a",name="Tesla \\"T4\\"",mig=""} 0.87\n',
    ),
  );
  t.false(text.includes('fan_ratio'));
  const healthy = await fetch(`${server.url}/healthz`);
  t.deepEqual([healthy.status, await healthy.json()], [200, { ok: true, running: 2 }]);
  ok = false;
  t.is((await fetch(`${server.url}/healthz`)).status, 503);
});

test('a port that is taken is named', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.teardown(() => other.close());
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const error = await t.throwsAsync(
    startMetricsServer({
      host: '127.0.0.1',
      port,
      figures: async () => [],
      registry: new Registry(),
      health: () => ({ ok: true }),
    }),
  );
  t.like(error, {
    code: 'CONFIG_VALUE',
    message: `agent.metrics.port: cannot listen on 127.0.0.1:${port}: another program uses the port`,
  });
});
