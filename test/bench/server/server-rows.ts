import path from 'node:path';
import type { Figure } from '../table.js';
import { FIRST_TASK, fillEvents, fillTasks, withServer } from './bench-server.js';
import { databaseBytes, measureLog, measureScalars } from './event-figures.js';
import { measureLists } from './list-figures.js';
import { measureLive } from './live-figures.js';
import { measureLoad } from './load-figures.js';
import { measureCreation } from './write-figures.js';

export interface ServerBenchOptions {
  /** Folder of another built checkout, whose figures stand in the second column. */
  against: string | undefined;
  /** Part of the full sizes: 1 measures 100,000 tasks. */
  scale: number;
  /** One of the parts, such as `log`; `undefined`: all. */
  part: string | undefined;
}

const OURS = path.resolve(import.meta.dirname, '../../..');
const TASKS = 100_000;
const CREATED = 50_000;
const LINES = 10_000_000;
const POINTS = 1_000_000;
const AGENTS = 1000;
const SECONDS = 60;
const TURNS = 20;
const LIVE_S = 30;

/** The embedded server alone; no agent takes part. */
export async function serverRows({ against, scale, part }: ServerBenchOptions): Promise<Figure[]> {
  const builds = [OURS, ...(against === undefined ? [] : [path.resolve(against)])];
  const size = (full: number) => Math.max(1, Math.round(full * scale));
  const results: Figure[][] = [];
  for (const build of builds) {
    const rows: Figure[] = [];
    for (const [name, measure] of Object.entries(PARTS))
      if (part === undefined || part === name) rows.push(...(await measure(build, size)));
    results.push(rows);
  }
  const [ours = [], theirs = []] = results;
  return ours.map((row, index) => {
    const other = theirs[index]?.ours;
    return other === undefined ? row : { ...row, original: other };
  });
}

type Size = (full: number) => number;

const PARTS: Readonly<Record<string, (build: string, size: Size) => Promise<Figure[]>>> = {
  lists: listRows,
  creation: creationRows,
  log: logRows,
  scalars: scalarRows,
  load: loadRows,
  live: liveRows,
};

async function listRows(build: string, size: Size): Promise<Figure[]> {
  const tasks = size(TASKS);
  const lists = await withServer(
    build,
    (server) => measureLists(server, TURNS),
    (data) => fillTasks(build, data, tasks),
  );
  return Object.entries(lists).map(([title, ours]) => ({
    name: `${tasks} tasks, ${title}: 95th percentile`,
    unit: 'ms',
    ours,
    goal: '≤ 50 ms',
  }));
}

async function creationRows(build: string, size: Size): Promise<Figure[]> {
  const created = size(CREATED);
  const ours = await withServer(build, (server) => measureCreation(server, created));
  return [{ name: `${created} tasks created by 8 clients`, unit: 's', ours, goal: '≤ 60 s' }];
}

async function logRows(build: string, size: Size): Promise<Figure[]> {
  const lines = size(LINES);
  let bytes = 0;
  const found = await withServer(
    build,
    (server) => measureLog(server, FIRST_TASK),
    (data) => {
      fillEvents(build, data, 'log', lines);
      bytes = databaseBytes(data) / lines;
    },
  );
  const row = (name: string, unit: string, ours: number, goal?: string): Figure => ({
    name: `${lines} log lines, ${name}`,
    unit,
    ours,
    ...(goal && { goal }),
  });
  return [
    row('tail: 95th percentile', 'ms', found.tail, '≤ 30 ms'),
    row('random page: 95th percentile', 'ms', found.page, '≤ 30 ms'),
    row('download as text', 'MB/s', found.text, '≥ 100 MB/s'),
    row('download as JSON', 'MB/s', found.json, '≥ 100 MB/s'),
    row('bytes a line on disk', 'B', bytes, '≤ 120 B'),
    row('removal, until it is answered', 'ms', found.removal),
    row(
      'a request while their space is given back: 95th percentile',
      'ms',
      found.pingWhileRemoving,
      '≤ 20 ms',
    ),
  ];
}

async function scalarRows(build: string, size: Size): Promise<Figure[]> {
  const points = size(POINTS);
  const found = await withServer(
    build,
    (server) => measureScalars(server, FIRST_TASK),
    (data) => fillEvents(build, data, 'scalars', points),
  );
  const title = `${points} scalar points of a task, histogram`;
  return [
    { name: `${title}: 95th percentile`, unit: 'ms', ours: found.histogram, goal: '≤ 50 ms' },
    { name: `${title}: a request beside it`, unit: 'ms', ours: found.beside, goal: '≤ 20 ms' },
  ];
}

async function liveRows(build: string, size: Size): Promise<Figure[]> {
  const live = await withServer(build, (server) => measureLive(server, size(LIVE_S)));
  const row = (name: string, unit: string, ours: number, goal: string): Figure => ({
    name: `100 live consoles: ${name}`,
    unit,
    ours,
    goal,
  });
  return [
    row('memory of the server', 'MB', live.memory, '≤ 300 MB'),
    row('delay after the line is on disk, 99th percentile', 's', live.afterAnswer, '≤ 1 s'),
    row('longest delay of a line', 's', live.longest, '≤ 1 s'),
  ];
}

async function loadRows(build: string, size: Size): Promise<Figure[]> {
  const agents = AGENTS;
  const seconds = Math.max(10, size(SECONDS));
  const found = await withServer(build, (server, folder) => measureLoad(server, { agents, seconds, folder }));
  const title = `${agents} agents and 2,000 log lines a second`;
  return [
    { name: `${title}: 99th percentile`, unit: 'ms', ours: found.slow, goal: '≤ 50 ms' },
    { name: `${title}: the disk alone, 99th percentile of a sync`, unit: 'ms', ours: found.sync },
    { name: `${title}: CPU`, unit: 'cores', ours: found.cores, goal: '< 1' },
    { name: `${title}: peak memory`, unit: 'MB', ours: found.megabytes, goal: '< 250 MB' },
  ];
}
