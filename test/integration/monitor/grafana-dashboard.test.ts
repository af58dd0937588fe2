import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { Traffic } from '../../../src/api/traffic.js';
import {
  hookFigures,
  queueFigures,
  slotFigures,
  spoolFigures,
  trafficFigures,
} from '../../../src/daemon/daemon-figures.js';
import { FailureTally } from '../../../src/daemon/metrics.js';
import { machineFigures } from '../../../src/monitor/figures.js';
import { gpuTableFigures } from '../../../src/monitor/gpu-table-figures.js';
import { RunMetrics } from '../../../src/monitor/run-metrics.js';
import { run } from '../../../src/os/exec.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

interface GridPosition {
  h: number;
  w: number;
  x: number;
  y: number;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: GridPosition;
  datasource?: { type: string; uid: string };
  fieldConfig?: { defaults: { unit?: string }; overrides: unknown[] };
  options?: object;
  targets?: { refId: string; expr: string; legendFormat: string }[];
}

interface Dashboard {
  title: string;
  uid: string;
  schemaVersion: number;
  time: { from: string; to: string };
  templating: { list: { name: string; type: string; query: unknown }[] };
  panels: Panel[];
}

const FILE = path.resolve(import.meta.dirname, '../../../docs/grafana-dashboard.json');
const dashboard: Dashboard = JSON.parse(readFileSync(FILE, 'utf8'));
const charts = dashboard.panels.filter(({ type }) => type !== 'row');
const queries = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Every name that a daemon can show. */
async function namesOfMetrics(): Promise<ReadonlySet<string>> {
  const traffic = new Traffic();
  traffic.note('/tasks.get_all', 200);
  const gpu = {
    vendor: 'nvidia',
    index: 0,
    uuid: 'GPU-a',
    name: 'T4',
    temperature: 1,
    fanSpeed: 1,
    utilization: 1,
    powerDraw: 1,
    powerLimit: 1,
    memoryUsed: 1,
    memoryFree: 1,
    memoryTotal: 1,
    processes: [],
  } as const;
  const counters = { diskRead: 0, diskWrite: 0, networkReceived: 0, networkSent: 0 };
  const machine = {
    cpu: { busy: 1, total: 2 },
    counters,
    memory: { used: 1, free: 1 },
    diskFree: 1,
    cpuTemperature: 1,
  };
  const figures = [
    ...trafficFigures('w', traffic),
    ...hookFigures('w', new Map([['before_task', 0]])),
    ...queueFigures('w', new Map([['q', 1]])),
    ...slotFigures('w', { running: 1, limit: 1 }),
    ...(await spoolFigures('w', [])),
    ...new FailureTally().figures('w'),
    ...machineFigures({ at: 0, machine, gpus: [gpu] }),
    ...gpuTableFigures([{ id: '0', key: 'GPU-a', taken: 1, usedBy: [] }]),
  ];
  const lasting = await new RunMetrics('w').registry.getMetricsAsJSON();
  // Those of the daemon's own state; the test of the page looks at them.
  const own = ['running_tasks', 'state', 'uptime_seconds', 'resident_memory_bytes'];
  return new Set([
    ...figures.map(({ name }) => name),
    ...lasting.map(({ name }) => name),
    ...own.map((name) => `clearml_agent_${name}`),
  ]);
}

test('every metric that the dashboard names exists', async (t) => {
  const known = await namesOfMetrics();
  const texts = [...queries, ...dashboard.templating.list.map(({ query }) => JSON.stringify(query))];
  const named = texts.flatMap((text) => text.match(/clearml_agent_\w+/g) ?? []);
  t.true(named.length > 25);
  const unknown = named.filter(
    (name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')),
  );
  t.deepEqual(unknown, []);
});

test('the dashboard has what Grafana asks of its model', (t) => {
  t.true(dashboard.schemaVersion >= 36, 'the first version with data sources as objects');
  t.regex(dashboard.uid, /^[\w-]{1,40}$/);
  t.deepEqual(
    dashboard.templating.list.map(({ name, type }) => [name, type]),
    [
      ['datasource', 'datasource'],
      ['worker', 'query'],
    ],
  );
  const ids = dashboard.panels.map(({ id }) => id);
  t.deepEqual(ids, [...new Set(ids)]);
  for (const { title, type, datasource, fieldConfig, options, targets = [] } of charts) {
    t.true(['timeseries', 'stat'].includes(type), title);
    t.deepEqual(datasource, { type: 'prometheus', uid: '${datasource}' }, title);
    t.truthy(fieldConfig?.defaults.unit, title);
    t.truthy(options, title);
    t.deepEqual(
      targets.map(({ refId }) => refId),
      ['A', 'B'].slice(0, targets.length),
      title,
    );
    t.true(targets.length > 0 && targets.every(({ legendFormat }) => legendFormat !== ''), title);
  }
});

test('no panel lies over another or beyond the grid of 24 columns', (t) => {
  const overlaps = (a: GridPosition, b: GridPosition) =>
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  for (const [at, { title, gridPos }] of dashboard.panels.entries()) {
    t.true(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
    for (const other of dashboard.panels.slice(at + 1))
      t.false(overlaps(gridPos, other.gridPos), `${title} and ${other.title}`);
  }
});

test('every query of the dashboard parses', async (t) => {
  const rules = queries.map((expr, at) => ({
    record: `query:${at}`,
    expr: expr.replaceAll(/\$__(rate_interval|range)/g, '5m').replaceAll('$worker', '.*'),
  }));
  const text = JSON.stringify({ groups: [{ name: 'dashboard', rules }] });
  const file = path.join(temporaryFolder(t), 'rules.json');
  writeFileSync(file, text);
  const checked = await run(['promtool', 'check', 'rules', '--lint=none', file], { env: process.env });
  t.is(checked.exitCode, 0, `${checked.stdout}${checked.stderr}`);
  t.regex(checked.stdout, new RegExp(`SUCCESS: ${queries.length} rules found`));
});
