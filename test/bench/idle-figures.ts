import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.js';
import { exactCpuSeconds, residentMegabytes } from './measure.js';
import { openScene, type SceneOptions } from './scene.js';

export interface IdleFigures {
  requestsPerMinute: number;
  /** Of a core. */
  cpuPercent: number;
  /** The mean of several moments, as collections of garbage come and go. */
  megabytes: number;
}

export interface IdleOptions extends Pick<SceneOptions, 'folder' | 'plain' | 'flags' | 'variables'> {
  /** Without a task, before the measurement. */
  idleMinutes: number;
  /** Of the measurement. */
  minutes: number;
}

const MINUTE_MS = 60_000;
const MOMENTS_A_MINUTE = 6;

/** What a daemon costs that has had nothing to do for a while. */
export async function measureIdle(agent: Contender, options: IdleOptions): Promise<IdleFigures> {
  const { idleMinutes, minutes, ...scenery } = options;
  const scene = await openScene(agent, { ...scenery, configuration: '', files: { 'none.py': '' } });
  const { pid } = scene.daemon;
  try {
    await sleep(idleMinutes * MINUTE_MS);
    const before = { requests: scene.requests(), cpu: exactCpuSeconds(pid) };
    let megabytes = 0;
    const moments = minutes * MOMENTS_A_MINUTE;
    for (let moment = 0; moment < moments; moment += 1) {
      await sleep(MINUTE_MS / MOMENTS_A_MINUTE);
      megabytes += residentMegabytes(pid) / moments;
    }
    return {
      requestsPerMinute: (scene.requests() - before.requests) / minutes,
      cpuPercent: (100 * (exactCpuSeconds(pid) - before.cpu)) / (minutes * 60),
      megabytes,
    };
  } finally {
    await scene.close();
  }
}
