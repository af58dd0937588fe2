import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import type { Contender } from './contender.js';
import { median, openDescriptors, residentMegabytes } from './measure.js';
import { openScene, type Scene } from './scene.js';

export interface SoakFigures {
  /** Tasks a minute. */
  rate: number;
  /** What the second half added, by medians of the quarters at its ends: MB, descriptors, files and folders. */
  memoryGrowth: number;
  descriptorGrowth: number;
  fileGrowth: number;
  /** Tasks whose log does not hold their one line once. */
  wrongLogs: number;
}

interface Reading {
  megabytes: number;
  descriptors: number;
  files: number;
}

const AT_ONCE = 8;
const PROGRAM = 'import os\nprint("ran", os.environ["CLEARML_TASK_ID"])\n';
const READING_MS = 1000;

/** Many short tasks through one daemon; whatever it forgets to give back adds up. */
export async function measureSoak(
  agent: Contender,
  { folder, count }: { folder: string; count: number },
): Promise<SoakFigures> {
  const scene = await openScene(agent, {
    folder,
    configuration: 'agent.package_manager.system_site_packages: true',
    files: { 'short.py': PROGRAM },
    flags: ['--services-mode', String(AT_ONCE)],
  });
  try {
    const begun = Date.now();
    const ids: string[] = [];
    for (let at = 0; at < count; at += 1) ids.push(await scene.enqueue('short.py'));
    const readings = await watch(scene, path.join(folder, 'home'), async () => {
      const { tasks } = await scene.call<{ tasks: unknown[] }>('tasks.get_all', {
        status: ['queued', 'in_progress'],
        only_fields: ['id'],
        page: 0,
        page_size: 1,
      });
      return tasks.length === 0;
    });
    const rate = (count * 60_000) / (Date.now() - begun);
    let wrongLogs = 0;
    for (const id of ids) {
      const lines = (await scene.logOf(id)).match(/^ran \w+$/gm) ?? [];
      if (lines.length !== 1 || lines[0] !== `ran ${id}`) wrongLogs += 1;
    }
    const growth = (pick: (one: Reading) => number) => growthOf(readings.map(pick));
    return {
      rate,
      memoryGrowth: growth((one) => one.megabytes),
      descriptorGrowth: growth((one) => one.descriptors),
      fileGrowth: growth((one) => one.files),
      wrongLogs,
    };
  } finally {
    await scene.close();
  }
}

async function watch(scene: Scene, home: string, isOver: () => Promise<boolean>): Promise<Reading[]> {
  const readings: Reading[] = [];
  const ended = async () => {
    const { pid } = scene.daemon;
    const files = countEntries(home);
    readings.push({ megabytes: residentMegabytes(pid), descriptors: openDescriptors(pid), files });
    await sleep(READING_MS);
    return isOver();
  };
  await until(ended, { what: 'the end of all tasks', timeoutMs: 3_600_000 });
  return readings;
}

/** Files and folders; some vanish while `find` reads them. */
function countEntries(folder: string): number {
  return spawnSync('find', [folder], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout.split('\n').length - 1;
}

/** Of the second half of a series: how far its last quarter lies above its first. */
function growthOf(series: readonly number[]): number {
  const half = series.slice(Math.floor(series.length / 2));
  const quarter = Math.max(1, Math.floor(half.length / 4));
  return median(half.slice(-quarter)) - median(half.slice(0, quarter));
}
