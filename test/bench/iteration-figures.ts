import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.js';
import { median, percentile } from './measure.js';
import { MARK, openScene } from './scene.js';

export interface IterationFigures {
  /** Seconds from enqueue to the first line. */
  median: number;
  /** 95th percentile; of ten rounds the slowest. */
  late: number;
}

export interface IterationOptions {
  folder: string;
  rounds: number;
  /** Between two tasks. */
  everyMs: number;
  /** See `SceneOptions`. */
  plain: boolean;
}

/** The next task comes at any moment of a look's interval. */
const SPREAD_MS = 1000;

/** A person who changes a script and runs it again, over and over, on an agent that is warm. */
export async function measureIterations(
  agent: Contender,
  { folder, rounds, everyMs, plain }: IterationOptions,
): Promise<IterationFigures> {
  const scene = await openScene(agent, {
    folder,
    configuration: 'agent.package_manager.system_site_packages: true',
    files: { 'mark.py': MARK },
    plain,
  });
  try {
    await scene.timeTask('mark.py');
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await sleep(everyMs + Math.random() * SPREAD_MS);
      seconds.push((await scene.timeTask('mark.py')).sinceEnqueue);
    }
    return { median: median(seconds), late: percentile(seconds, 0.95) };
  } finally {
    await scene.close();
  }
}
