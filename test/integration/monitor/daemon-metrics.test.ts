import test from 'ava';
import type { ConfigTree } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { serveMetrics } from '../../../src/daemon/metrics.js';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';
import { MachineMonitor } from '../../../src/monitor/machine-monitor.js';

function request(port: number | undefined) {
  const flags: ConfigTree = port === undefined ? {} : { agent: { metrics: { port } } };
  const config = loadConfig({ env: {}, home: '/nonexistent', flags });
  const gpus = new GpuReader({
    env: { PATH: '/nonexistent', ROCM_PATH: '/nonexistent' },
    warn: () => undefined,
  });
  const monitor = new MachineMonitor({ config, home: '/', gpus, visible: undefined });
  const said: string[] = [];
  return {
    config,
    workerId: 'box:0',
    monitor,
    running: () => 2,
    say: (text: string) => said.push(text),
    said,
  };
}

test('nothing is served unless the configuration asks for it', async (t) => {
  t.is(await serveMetrics(request(undefined)), undefined);
});

test('the daemon and its machine on one page', async (t) => {
  const asked = request(0);
  await asked.monitor.stats();
  const server = await serveMetrics(asked);
  t.teardown(() => server?.close());
  const page = await (await fetch(`${server?.url}/metrics`)).text();
  t.true(page.includes('clearml_agent_running_tasks{worker="box:0"} 2\n'), page);
  t.regex(page, /^clearml_agent_resident_memory_bytes\{worker="box:0"\} \d{8,}$/m);
  t.regex(page, /^clearml_agent_machine_memory_free_bytes \d+/m);
  t.like(await (await fetch(`${server?.url}/healthz`)).json(), { ok: true, worker: 'box:0', running: 2 });
  t.is(asked.said[0], `metrics are served on ${server?.url}/metrics`);
});
