import test from 'ava';
import type { ConfigTree } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { FailureTally, serveMetrics } from '../../../src/daemon/metrics.js';
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
  const failures = new FailureTally();
  return {
    config,
    workerId: 'box:0',
    monitor,
    running: () => 2,
    failures: () => failures.figures('box:0'),
    failed: failures,
    ending: () => ({ state: 'draining' as const, until: '2026-01-02T03:04:05.000Z' }),
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
  t.true(page.includes('clearml_agent_state{worker="box:0",state="draining"} 1\n'), page);
  t.true(page.includes('clearml_agent_state{worker="box:0",state="running"} 0\n'), page);
  t.true(page.includes('clearml_agent_state_deadline_timestamp_seconds{worker="box:0"} 1767323045\n'), page);
  t.like(await (await fetch(`${server?.url}/healthz`)).json(), {
    ok: true,
    worker: 'box:0',
    state: 'draining',
    running: 2,
  });
  t.is(asked.said[0], `metrics are served on ${server?.url}/metrics`);
});

test('failures and retries are counted by class, from zero', async (t) => {
  const asked = request(0);
  const server = await serveMetrics(asked);
  t.teardown(() => server?.close());
  const page = async () => (await fetch(`${server?.url}/metrics`)).text();
  const line = (name: string, kind: string, count: number) =>
    `clearml_agent_${name}_total{worker="box:0",class="${kind}"} ${count}\n`;
  t.true((await page()).includes(line('task_failures', 'gpu_fault', 0)));
  const settlement = { call: undefined, status_reason: '', logText: '', exitStatus: 1 };
  asked.failed.note({ ...settlement, failure: 'gpu_fault', retried: true });
  asked.failed.note({ ...settlement, failure: 'gpu_fault' });
  asked.failed.note({ ...settlement, failure: 'user_exit_code' });
  asked.failed.note({ ...settlement, call: 'completed' });
  asked.failed.note('handed-over');
  const text = await page();
  t.true(text.includes(line('task_failures', 'gpu_fault', 2)), text);
  t.true(text.includes(line('task_retries', 'gpu_fault', 1)));
  t.true(text.includes(line('task_failures', 'user_exit_code', 1)));
  t.true(text.includes(line('task_retries', 'user_exit_code', 0)));
});
