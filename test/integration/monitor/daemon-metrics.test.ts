import path from 'node:path';
import test from 'ava';
import { Traffic } from '../../../src/api/traffic.js';
import type { ConfigTree } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { FailureTally, serveMetrics } from '../../../src/daemon/metrics.js';
import { outcomeOf } from '../../../src/daemon/runs/run-outcome.js';
import type { GpuState } from '../../../src/gpu/claims/gpu-states.js';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';
import { MachineMonitor } from '../../../src/monitor/machine-monitor.js';
import type { Outcome } from '../../../src/monitor/run-metrics.js';
import { run } from '../../../src/os/exec.js';
import type { Settlement } from '../../../src/task/outcome.js';

const STATES: readonly GpuState[] = [
  { id: '0', key: 'GPU-a', taken: 0.75, usedBy: [] },
  { id: '1', key: 'GPU-b', taken: 0, usedBy: [], outOfService: { reason: 'XID 79', at: 0 } },
];

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
    slots: { running: 2, limit: Number.POSITIVE_INFINITY },
    traffic: new Traffic(),
    hookFailures: new Map([['before_task', 2]]),
    queueLengths: new Map([['default', 3]]),
    runFolders: async () => [path.join(import.meta.dirname, '../../fixtures')],
    gpuStates: async () => STATES,
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
  t.teardown(() => server?.server.close());
  const page = await (await fetch(`${server?.server.url}/metrics`)).text();
  t.true(page.includes('clearml_agent_running_tasks{worker="box:0"} 2\n'), page);
  t.regex(page, /^clearml_agent_resident_memory_bytes\{worker="box:0"\} \d{8,}$/m);
  t.regex(page, /^clearml_agent_machine_memory_free_bytes \d+/m);
  t.true(page.includes('clearml_agent_state{worker="box:0",state="draining"} 1\n'), page);
  t.true(page.includes('clearml_agent_state{worker="box:0",state="running"} 0\n'), page);
  t.true(page.includes('clearml_agent_state_deadline_timestamp_seconds{worker="box:0"} 1767323045\n'), page);
  t.like(await (await fetch(`${server?.server.url}/healthz`)).json(), {
    ok: true,
    worker: 'box:0',
    state: 'draining',
    running: 2,
  });
  t.is(asked.said[0], `metrics are served on ${server?.server.url}/metrics`);
});

test('failures and retries are counted by class, from zero', async (t) => {
  const asked = request(0);
  const server = await serveMetrics(asked);
  t.teardown(() => server?.server.close());
  const page = async () => (await fetch(`${server?.server.url}/metrics`)).text();
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

test('runs, requests, queues, hooks and claims are on the page, and promtool has nothing to say', async (t) => {
  const asked = request(0);
  asked.traffic.note('/v2.13/tasks.get_all', 200);
  asked.traffic.note('/v2.13/tasks.get_all', 'unreachable');
  asked.traffic.note('/auth.login?expiration_sec=5', 401);
  asked.traffic.note('', 503);
  const served = await serveMetrics(asked);
  t.teardown(() => served?.server.close());
  served?.runs.pulled('2026-01-02T03:04:05.000Z', Date.parse('2026-01-02T03:04:06.500Z'));
  served?.runs.pulled('2026-01-02T03:04:05.000Z', Date.parse('2026-01-02T03:00:00.000Z'));
  served?.runs.pulled(undefined, 0);
  served?.runs.phaseEnded({ name: 'code', seconds: 0.3 });
  served?.runs.phaseEnded({ name: 'run', seconds: 30 });
  served?.runs.firstOutput(0.2);
  served?.runs.ended('completed');
  const page = await (await fetch(`${served?.server.url}/metrics`)).text();
  const worker = 'worker="box:0"';
  for (const line of [
    `tasks_total{${worker},status="completed"} 1`,
    `tasks_total{${worker},status="failed"} 0`,
    `queue_wait_seconds_bucket{le="1",${worker}} 1`,
    `queue_wait_seconds_sum{${worker}} 1.5`,
    `queue_wait_seconds_count{${worker}} 2`,
    `first_output_seconds_bucket{le="0.25",${worker}} 1`,
    `phase_seconds_count{${worker},phase="code"} 1`,
    `command_seconds_bucket{le="60",${worker}} 1`,
    `slots{${worker}} +Inf`,
    `slots_used{${worker}} 2`,
    `api_requests_total{${worker},service="tasks"} 2`,
    `api_errors_total{${worker},service="tasks",class="unreachable"} 1`,
    `api_errors_total{${worker},service="auth",class="unauthorized"} 1`,
    `api_errors_total{${worker},service="files",class="server_error"} 1`,
    `hook_failures_total{${worker},hook="before_task"} 2`,
    `queue_length{${worker},queue="default"} 3`,
    'gpu_claimed_ratio{gpu="0",uuid="GPU-a"} 0.75',
    'gpu_in_service{gpu="1",uuid="GPU-b"} 0',
  ])
    t.true(page.includes(`clearml_agent_${line}\n`), `${line}\n${page}`);
  t.regex(page, /^clearml_agent_spool_bytes\{worker="box:0"\} \d+$/m);
  const checked = await run(['promtool', 'check', 'metrics'], { env: process.env, input: page });
  t.deepEqual([checked.exitCode, checked.stdout, checked.stderr], [0, '', '']);
});

const OUTCOMES_OF: readonly (readonly [
  Partial<Settlement> | 'handed-over' | undefined,
  Outcome | undefined,
])[] = [
  [{ call: 'completed' }, 'completed'],
  [{ call: 'failed' }, 'failed'],
  [{ call: 'requeued' }, 'put_back'],
  [{ call: undefined, retried: true }, 'put_back'],
  [{ call: undefined }, 'unchanged'],
  ['handed-over', 'handed_over'],
  [undefined, undefined],
];

for (const [result, outcome] of OUTCOMES_OF) {
  test(`a result is counted: ${JSON.stringify(result)} ${outcome}`, (t) => {
    const whole = { call: undefined, status_reason: '', logText: '', exitStatus: 1 };
    t.is(outcomeOf(typeof result === 'object' ? { ...whole, ...result } : result), outcome);
  });
}
