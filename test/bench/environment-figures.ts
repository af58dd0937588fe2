import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pythonTool } from '../support/python-tools.js';
import type { Contender } from './contender.js';
import { median } from './measure.js';
import { openScene, type Scene, type TaskTimes } from './scene.js';

export interface EnvironmentFigures {
  /** Seconds from the pull to the first line with no cache of any kind. */
  cold: number;
  /** The same with repository and packages seen before. */
  warm: number;
  /** Seconds that a kept environment takes to be handed out; only ours says so. */
  handOut: number;
}

/** What many tasks install: about 10,000 files, 270 MB. */
export const PACKAGES = ['numpy', 'pandas', 'scikit-learn'];

/** Says when its first line runs, then that the packages work. */
export const PROGRAM =
  'import time\nprint("MARK", time.time(), flush=True)\nimport numpy, pandas, sklearn\nprint("IMPORTED")\n';

/** After the first task a daemon has work to do for its caches, which no task waits for. */
const SETTLE_MS = 15_000;

/** Time of tasks with packages. uv is on PATH for both agents; the original has a choice and takes pip. */
export async function measureEnvironments(
  agent: Contender,
  options: { folder: string; rounds: number },
): Promise<EnvironmentFigures> {
  const scene = await openScene(agent, {
    folder: options.folder,
    configuration: '',
    programs: [path.dirname(await pythonTool('uv'))],
    files: { 'train.py': PROGRAM },
    packages: PACKAGES,
  });
  try {
    return await timePackages(scene, options.rounds);
  } finally {
    await scene.close();
  }
}

/** A first task with these packages, then more of the same. */
export async function timePackages(scene: Scene, rounds: number): Promise<EnvironmentFigures> {
  const timed = async (): Promise<TaskTimes> => {
    const times = await scene.timeTask('train.py');
    if (!times.log.includes('IMPORTED')) throw new Error(times.log);
    return times;
  };
  const cold = await timed();
  await sleep(SETTLE_MS);
  const warm: TaskTimes[] = [];
  for (let round = 0; round < rounds; round += 1) {
    warm.push(await timed());
    await sleep(2000);
  }
  return {
    cold: cold.sincePull,
    warm: median(warm.map(({ sincePull }) => sincePull)),
    handOut: median(warm.map(({ log }) => Number(/\[environment\] done in ([\d.]+) s/.exec(log)?.[1]))),
  };
}
