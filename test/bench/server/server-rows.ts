import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Figure } from '../table.js';
import { type BenchServer, fillTasks, startBenchServer } from './bench-server.js';
import { measureLists } from './list-figures.js';
import { measureLive } from './live-figures.js';
import { measureCreation } from './write-figures.js';

export interface ServerBenchOptions {
  /** Folder of another built checkout, whose figures stand in the second column. */
  against: string | undefined;
  /** Part of the full sizes: 1 measures 100,000 tasks. */
  scale: number;
}

const OURS = path.resolve(import.meta.dirname, '../../..');
const TASKS = 100_000;
const CREATED = 50_000;
const TURNS = 20;
const LIVE_S = 30;

/** The embedded server alone; no agent takes part. */
export async function serverRows({ against, scale }: ServerBenchOptions): Promise<Figure[]> {
  const builds = [OURS, ...(against === undefined ? [] : [path.resolve(against)])];
  const size = (full: number) => Math.max(1, Math.round(full * scale));
  const results: Figure[][] = [];
  for (const build of builds) results.push(await rowsOf(build, size));
  const [ours = [], theirs = []] = results;
  return ours.map((row, index) => {
    const other = theirs[index]?.ours;
    return other === undefined ? row : { ...row, original: other };
  });
}

async function rowsOf(build: string, size: (full: number) => number): Promise<Figure[]> {
  const tasks = size(TASKS);
  const lists = await withServer(build, (server) => measureLists(server, TURNS), tasks);
  const created = size(CREATED);
  const creation = await withServer(build, (server) => measureCreation(server, created));
  const live = await withServer(build, (server) => measureLive(server, size(LIVE_S)));
  return [
    ...Object.entries(lists).map(([title, ours]) => ({
      name: `${tasks} tasks, ${title}: 95th percentile`,
      unit: 'ms',
      ours,
      goal: '≤ 50 ms',
    })),
    { name: `${created} tasks created by 8 clients`, unit: 's', ours: creation, goal: '≤ 60 s' },
    { name: '100 live consoles: memory of the server', unit: 'MB', ours: live.memory, goal: '≤ 300 MB' },
    {
      name: '100 live consoles: delay of a line, 99th percentile',
      unit: 's',
      ours: live.delay,
      goal: '≤ 1 s',
    },
    {
      name: '100 live consoles: delay after the line is on disk, 99th percentile',
      unit: 's',
      ours: live.afterAnswer,
      goal: '≤ 1 s',
    },
    { name: '100 live consoles: longest delay of a line', unit: 's', ours: live.longest, goal: '≤ 1 s' },
  ];
}

/** Measures a server in a folder of its own. @param tasks how many it has at its start */
async function withServer<T>(
  build: string,
  measure: (server: BenchServer) => Promise<T>,
  tasks = 0,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-server-'));
  const data = path.join(folder, 'data');
  try {
    if (tasks > 0) fillTasks(build, data, tasks);
    const server = await startBenchServer(build, data);
    try {
      return await measure(server);
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
