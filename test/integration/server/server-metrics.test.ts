import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../../src/os/exec.js';
import { agentHome, startAgent } from '../../support/agent-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const RULES = path.resolve(import.meta.dirname, '../../../docs/server-alerts.yml');

async function promtool(t: ExecutionContext, words: readonly string[], input?: string): Promise<void> {
  const { exitCode, stdout, stderr } = await run(['promtool', ...words], {
    env: process.env,
    ...(input === undefined ? {} : { input }),
  });
  t.is(exitCode, 0, `${stdout}${stderr}`);
}

test('a failed backup shows in the metrics and in the log, a later one ends that', async (t) => {
  t.timeout(120_000);
  const home = await agentHome();
  t.teardown(() => rmSync(home.folder, { recursive: true, force: true }));
  const folder = path.join(home.folder, 'data');
  const logFile = path.join(home.folder, 'server.log');
  const backups = temporaryFolder(t);
  const start = ['server', '--folder', folder, '--port', '0', '--metrics-port', '0', '--log-file', logFile];
  const server = startAgent(start, home);
  t.teardown(() => server.kill('SIGKILL'));
  const base = await until(() => /metrics (http:\S+)/.exec(server.output())?.[1], {
    what: 'the address of the metrics',
    context: () => server.output(),
  });
  const api = /API (http:[^,\s]+)/.exec(server.output())?.[1];
  await (await fetch(`${api}/debug.ping`)).text();
  const page = async () => (await fetch(`${base}/metrics`)).text();
  const figure = async (name: string) =>
    (await page())
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1];

  const made = startAgent(
    ['server', 'backup', path.join(backups, 'c.tar'), '--folder', folder, '--every', '1s', '--keep', '1'],
    home,
  );
  t.is((await made.exited).code, 0, made.output());
  await until(async () => (await figure('clearml_server_backup_failed{by="schedule"}')) === '0', {
    what: 'a backup',
  });
  rmSync(backups, { recursive: true });
  await until(async () => (await figure('clearml_server_backup_failed{by="schedule"}')) === '1', {
    what: 'a failure',
  });
  t.regex(server.output(), /ERROR backup: failed: there is no folder /);
  const text = await page();
  for (const name of [
    'clearml_server_request_seconds_count{service="debug"}',
    'clearml_server_requests_total{service="debug",status="200"}',
    'clearml_server_resident_memory_bytes',
    'clearml_server_disk_free_bytes{disk="data"}',
    'clearml_server_disk_size_bytes{disk="files"}',
    'clearml_server_backup_last_success_timestamp_seconds{by="schedule"}',
    'clearml_server_backup_interval_seconds',
    'clearml_server_database_damaged',
  ])
    t.true(text.includes(`\n${name} `), `${name}\n${text}`);
  await promtool(t, ['check', 'metrics'], text);
  server.kill('SIGTERM');
  t.is((await server.exited).code, 0, server.output());
});

const SERIES: [alert: string, at: string, fires: boolean, series: [name: string, values: string][]][] = [
  ['ClearMLServerDown', '5m', true, [['up{job="clearml-server"}', '0x10']]],
  ['ClearMLServerDown', '5m', false, [['up{job="clearml-server"}', '1x10']]],
  [
    'ClearMLServerDiskBelow20Percent',
    '10m',
    true,
    [
      ['clearml_server_disk_free_bytes', '19x20'],
      ['clearml_server_disk_size_bytes', '100x20'],
    ],
  ],
  [
    'ClearMLServerDiskBelow10Percent',
    '10m',
    false,
    [
      ['clearml_server_disk_free_bytes', '19x20'],
      ['clearml_server_disk_size_bytes', '100x20'],
    ],
  ],
  [
    'ClearMLServerDiskBelow5Percent',
    '10m',
    true,
    [
      ['clearml_server_disk_free_bytes', '4x20'],
      ['clearml_server_disk_size_bytes', '100x20'],
    ],
  ],
  ['ClearMLServerBackupFailed', '5m', true, [['clearml_server_backup_failed{by="schedule"}', '1x10']]],
  [
    'ClearMLServerBackupLate',
    '120m',
    true,
    [
      ['clearml_server_backup_last_success_timestamp_seconds{by="schedule"}', '0x130'],
      ['clearml_server_backup_interval_seconds', '3600x130'],
    ],
  ],
  [
    'ClearMLServerBackupLate',
    '60m',
    false,
    [
      ['clearml_server_backup_last_success_timestamp_seconds{by="schedule"}', '0x130'],
      ['clearml_server_backup_interval_seconds', '3600x130'],
    ],
  ],
  ['ClearMLServerFailures', '15m', true, [['clearml_server_failures_total', '0x5 1x20']]],
];

test('the example alerts are valid and fire at the levels of the guide', async (t) => {
  await promtool(t, ['check', 'rules', RULES]);
  const labelled = (name: string) =>
    name.includes('{') ? name.replace('{', '{instance="one",') : `${name}{instance="one"}`;
  const tests = SERIES.map(([alert, at, fires, series]) => ({
    interval: '1m',
    input_series: series.map(([name, values]) => ({
      series: labelled(name),
      values: values.replace(/\b(\d+)x(\d+)/g, '$1+0x$2'),
    })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
        eval_time: at,
        exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
      },
    ],
  }));
  const file = path.join(temporaryFolder(t), 'tests.yml');
  writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
  await promtool(t, ['test', 'rules', file]);
});
