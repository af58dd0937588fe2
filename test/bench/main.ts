import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { COMMANDS } from '../../src/cli/commands.js';
import { parseHocon } from '../../src/config/hocon/parse-hocon.js';
import { measureContainers } from './container-figures.js';
import { type Contender, contenders } from './contender.js';
import { measureDaemon } from './daemon-figures.js';
import { measureEnvironments } from './environment-figures.js';
import { besideRows, manyPodsRows, podStartRows } from './kubernetes-rows.js';
import { median, wallSeconds } from './measure.js';
import { measureOutage } from './outage-figures.js';
import { measureRedactor } from './redactor-figures.js';
import { pageRows } from './server/page-rows.js';
import { serverRows } from './server/server-rows.js';
import { measureServices } from './service-figures.js';
import { measureSimulation } from './simulation-figures.js';
import { measureSlots } from './slot-figures.js';
import { measureSlurm } from './slurm-figures.js';
import { measureSoak } from './soak-figures.js';
import { type Figure, renderTable } from './table.js';
import { idleRows, iterationRows } from './waiting-rows.js';

/**
 * `npm run bench [-- --original PYTHON] [--quick] [--only GROUP]`: measures this agent and, where a Python that
 * can import clearml-agent is named, the original beside it, against the same embedded server. The group `server` measures
 * that server: `--against CHECKOUT` compares it with another built checkout, `--scale 0.1` measures a tenth of the sizes,
 * `--part log` its logs alone (also `lists`, `creation`, `scalars`, `load`). The group `page` measures its page in Chromium.
 */
const { values } = parseArgs({
  options: {
    original: { type: 'string', default: process.env.CLEARML_ORIGINAL_PYTHON },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
    scale: { type: 'string' },
    part: { type: 'string' },
    json: { type: 'string', default: 'bench-results.json' },
  },
});

const SERVICES = 100;
const SLOTS = 64;
const JOBS = values.quick ? 100 : 1000;
const rounds = values.quick ? 2 : 10;
const both = contenders(values.original);
const groups: Record<string, () => Figure[] | Promise<Figure[]>> = {
  start: () => startFigures(both),
  daemon: () => daemonRows(both),
  environments: () => environmentRows(both),
  containers: () => containerRows(both),
  services: () => serviceRows(both),
  slots: () => slotRows(both),
  configuration: () => [hoconFigure()],
  redactor: () => redactorFigures(),
  simulation: () => simulationRows(),
};
/** These take many minutes, so they run only when `--only` names them. */
const long: Record<string, () => Promise<Figure[]>> = {
  soak: () => soakRows(both),
  outage: () => outageRows(both),
  slurm: () => slurmRows(),
  kubernetes: () => manyPodsRows(JOBS),
  'kubernetes-start': () => podStartRows(rounds),
  'kubernetes-glue': () => besideRows(values.original),
  iterations: () => iterationRows(both, values.quick),
  idle: () => idleRows(both, values.quick),
  page: () => pageRows(Number(values.scale ?? (values.quick ? 0.05 : 1))),
  server: () =>
    serverRows({
      against: values.against,
      scale: Number(values.scale ?? (values.quick ? 0.02 : 1)),
      part: values.part,
    }),
};
const figures: Figure[] = [];
for (const [name, measure] of Object.entries({ ...groups, ...long }))
  if (values.only === undefined ? name in groups : values.only === name) figures.push(...(await measure()));
console.log(renderTable(figures));
writeFileSync(values.json, `${JSON.stringify({ node: process.version, figures }, undefined, 2)}\n`);

function startFigures(agents: readonly Contender[]): Figure[] {
  const time = (agent: Contender, ...words: string[]) =>
    wallSeconds([...agent.argv, ...words], 5, process.env);
  /** The original has no other commands. */
  const commands = (agent: Contender) =>
    agent.name === 'ours' ? COMMANDS.map(({ name }) => name) : ['daemon', 'execute', 'build', 'config'];
  const rows: [name: string, goal: string, measure: (agent: Contender) => number][] = [
    ['--version, wall time', '≤ 0.15 s', (agent) => time(agent, '--version')],
    [
      '--help of the slowest command, wall time',
      '≤ 0.15 s',
      (agent) => Math.max(...commands(agent).map((name) => time(agent, name, '--help'))),
    ],
    ['config, wall time', '≤ 0.3 s', (agent) => time(agent, 'config')],
  ];
  return rows.map(([name, goal, measure]) => figure({ name, unit: 's', goal }, agents, measure));
}

async function environmentRows(agents: readonly Contender[]): Promise<Figure[]> {
  const row = await results(agents, (agent, folder) =>
    measureEnvironments(agent, { folder, rounds: values.quick ? 2 : 5 }),
  );
  return [
    row('numpy, pandas, scikit-learn: pull to first line, cold', 's', (one) => one.cold, '≤ 0.5 of it'),
    row('numpy, pandas, scikit-learn: pull to first line, warm', 's', (one) => one.warm, '≤ 0.7 s'),
    row('numpy, pandas, scikit-learn: step that hands it out', 's', (one) => one.handOut, '≤ 0.2 s'),
  ];
}

/** The original's inner agent needs more than the image has. */
async function containerRows([ours]: readonly Contender[]): Promise<Figure[]> {
  const row = await results(ours ? [ours] : [], (agent, folder) =>
    measureContainers(agent, { folder, rounds: values.quick ? 2 : 5 }),
  );
  return [
    row('the same in a container: pull to first line, cold', 's', (one) => one.cold),
    row('the same in a container: pull to first line, warm', 's', (one) => one.warm, '≤ 2 s'),
    row('the same in a container: environment handed out', 's', (one) => one.handOut),
  ];
}

/** The original needs an image that it can install itself in, so there is nothing to compare with. */
async function serviceRows([ours]: readonly Contender[]): Promise<Figure[]> {
  const row = await results(ours ? [ours] : [], (agent, folder) =>
    measureServices(agent, { folder, count: SERVICES, seconds: values.quick ? 10 : 60 }),
  );
  return [
    row(`${SERVICES} services in containers: until all lines of all are stored`, 's', (one) => one.started),
    row(
      `${SERVICES} services in containers: peak memory of the daemon`,
      'MB',
      (one) => one.megabytes,
      '≤ 150 MB',
    ),
    row(`${SERVICES} services in containers: requests a minute`, '/min', (one) => one.requestsPerMinute),
  ];
}

/** The original has no slots. */
async function slotRows([ours]: readonly Contender[]): Promise<Figure[]> {
  const row = await results(ours ? [ours] : [], (agent, folder) =>
    measureSlots(agent, { folder, count: SLOTS }),
  );
  const title = `${SLOTS} tasks side by side`;
  return [
    row(`${title}: until all run`, 's', (one) => one.started),
    row(`${title}: peak memory of the daemon`, 'MB', (one) => one.megabytes, '≤ 100 MB'),
    row(`${title}: an end is noticed, median`, 'ms', (one) => one.noticed),
    row(`${title}: an end is noticed, slowest`, 'ms', (one) => one.slowest, '≤ 100 ms'),
  ];
}

/** The original runs one task at a time, and keeps what it cannot send in memory. */
async function soakRows([ours]: readonly Contender[]): Promise<Figure[]> {
  const count = values.quick ? 200 : 2000;
  const row = await results(ours ? [ours] : [], (agent, folder) => measureSoak(agent, { folder, count }));
  const title = `${count} short tasks`;
  return [
    row(`${title}: rate`, '/min', (one) => one.rate),
    row(`${title}: growth of memory over the second half`, 'MB', (one) => one.memoryGrowth, '≤ 2 MB'),
    row(`${title}: growth of descriptors`, '', (one) => one.descriptorGrowth, '0'),
    row(`${title}: growth of files and folders`, '', (one) => one.fileGrowth, '0'),
    row(`${title}: logs that lack their line or double it`, '', (one) => one.wrongLogs, '0'),
  ];
}

async function outageRows([ours]: readonly Contender[]): Promise<Figure[]> {
  const lines = values.quick ? 360_000 : 3_600_000;
  const row = await results(ours ? [ours] : [], (agent, folder) =>
    measureOutage(agent, { folder, lines, seconds: 60 }),
  );
  const title = `${lines / 1e6} million lines without a server`;
  return [
    row(`${title}: growth of memory`, 'MB', (one) => one.growthAway, '< 30 MB'),
    row(`${title}: growth of memory, sending included`, 'MB', (one) => one.growthDraining),
    row(`${title}: lines sent a second afterwards`, '/s', (one) => one.drained),
    row('lines a second that this server takes', '/s', (one) => one.serverRate),
    row(`${title}: lines lost, doubled or out of order`, '', (one) => one.wrongLines, '0'),
  ];
}

async function daemonRows(agents: readonly Contender[]): Promise<Figure[]> {
  const row = await results(agents, (agent, folder) =>
    measureDaemon(agent, { folder, rounds, quick: values.quick }),
  );
  return [
    row('idle, resident memory', 'MB', (one) => one.idleMegabytes, '≤ 64 MB'),
    row('idle, CPU', '%', (one) => one.idleCpuPercent),
    row('idle, requests a minute', '/min', (one) => one.idleRequests, '≤ 30'),
    row('enqueue to first line, cold', 's', (one) => one.cold),
    row('enqueue to first line, warm (mean)', 's', (one) => one.warm, '≤ 2 s'),
    row('pull to first line, warm (mean)', 's', (one) => one.warmAfterPull, '≤ 0.7 s'),
    row('200,000 lines: until all are stored', 's', (one) => one.flood),
    row('200,000 lines: growth of memory', 'MB', (one) => one.floodGrowth, '< 40 MB'),
    row('200,000 lines: lines lost', 'lines', (one) => one.floodLost, '0'),
    row('abort to process gone', 's', (one) => one.abort, '≤ 2 s'),
  ];
}

function redactorFigures(): Figure[] {
  const { ordinary, coloured, hits } = measureRedactor();
  const row = (name: string, value: number, goal?: string): Figure => ({
    name: `redactor, 200 secrets: ${name}`,
    unit: 'MB/s',
    ours: value,
    ...(goal ? { goal } : {}),
  });
  return [
    row('ordinary text', ordinary, '≥ 50 MB/s'),
    row('text with colours', coloured),
    row('text a third of which is secrets', hits),
  ];
}

type Row<T> = (name: string, unit: string, pick: (one: T) => number, goal?: string) => Figure;

/** Measures each agent in a folder of its own, and answers what makes rows of it. */
async function results<T>(
  agents: readonly Contender[],
  measure: (agent: Contender, folder: string) => Promise<T>,
): Promise<Row<T>> {
  const found = new Map<Contender, T>();
  for (const agent of agents) {
    const folder = mkdtempSync(path.join(tmpdir(), `bench-${agent.name}-`));
    found.set(agent, await measure(agent, folder));
    rmSync(folder, { recursive: true, force: true });
  }
  return (name, unit, pick, goal = '') =>
    figure({ name, unit, goal }, agents, (agent) => pick(found.get(agent) as T));
}

function hoconFigure(): Figure {
  const text = Array.from(
    { length: 2000 },
    (_, index) => `section_${index % 50}.key_${index}: "value ${index}" # why`,
  ).join('\n');
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    parseHocon(text, { file: 'bench', env: {} });
    return performance.now() - start;
  });
  return { name: 'configuration of 2,000 lines', unit: 'ms', ours: median(times), goal: '≤ 20 ms' };
}

function figure(
  title: Pick<Figure, 'name' | 'unit' | 'goal'>,
  agents: readonly Contender[],
  measure: (agent: Contender) => number,
): Figure {
  const [ours = Number.NaN, original] = agents.map(measure);
  return { ...title, ours, ...(original === undefined ? {} : { original }) };
}

/** Of ours alone, on a cluster on this machine. */
async function slurmRows(): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-slurm-'));
  const found = await measureSlurm({ folder, rounds, jobs: JOBS });
  rmSync(folder, { recursive: true, force: true });
  const many = `${JOBS} pending jobs`;
  const beyond = found.firstLine - found.emptyJob;
  return [
    { name: 'sbatch to the start of an empty job', unit: 's', ours: found.emptyJob },
    { name: "sbatch to a task's first line on the server", unit: 's', ours: found.firstLine },
    { name: 'first line beyond the empty job', unit: 's', ours: beyond, goal: '≤ 1 s' },
    { name: `${many}: until all are submitted`, unit: 's', ours: found.submitted },
    { name: `${many}: calls of squeue a second`, unit: '/s', ours: found.squeues, goal: '≤ 1 /s' },
    { name: `${many}: memory of the daemon`, unit: 'MB', ours: found.pendingMegabytes, goal: '≤ 150 MB' },
    { name: `${many}: most memory of the daemon`, unit: 'MB', ours: found.megabytes },
  ];
}

/** Of ours alone: the policy against one that starts any task that fits. */
function simulationRows(): Figure[] {
  return measureSimulation().flatMap(({ policy, utilisation, waits }) => {
    return [
      { name: `${policy}: utilisation`, unit: '%', ours: 100 * utilisation },
      ...Object.entries(waits).map(([size, minutes]) => ({
        name: `${policy}: wait of tasks of ${size} GPUs, 95th percentile`,
        unit: 'min',
        ours: minutes,
      })),
    ];
  });
}
