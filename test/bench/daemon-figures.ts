import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import type { Contender } from './contender.js';
import { cpuSeconds, mean, residentMegabytes } from './measure.js';
import { MARK, openScene, type Scene, type TaskTimes } from './scene.js';

export interface DaemonFigures {
  idleMegabytes: number;
  idleCpuPercent: number;
  idleRequests: number;
  /** Seconds. */
  cold: number;
  warm: number;
  warmAfterPull: number;
  flood: number;
  /** Megabytes above what it was before. */
  floodGrowth: number;
  /** Lines that never arrived. */
  floodLost: number;
  abort: number;
}

export interface MeasureOptions {
  folder: string;
  rounds: number;
  quick: boolean;
}

const LINES = 200_000;
const FLOOD = `for i in range(${LINES}): print("line", i, "x" * 58)\n`;
const SLEEPER = `${MARK}time.sleep(900)\n`;

/** Everything that needs a daemon, measured with a server and a home of its own. */
export async function measureDaemon(agent: Contender, options: MeasureOptions): Promise<DaemonFigures> {
  const scene = await openScene(agent, {
    folder: options.folder,
    configuration: 'agent.package_manager.system_site_packages: true',
    files: { 'mark.py': MARK, 'flood.py': FLOOD, 'sleeper.py': SLEEPER },
  });
  try {
    const idle = await measureIdle(scene, options.quick ? 10 : 30);
    const cold = await scene.timeTask('mark.py');
    const warm: TaskTimes[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      await sleep(1000 * Math.random() * 3);
      warm.push(await scene.timeTask('mark.py'));
    }
    const flood = await measureFlood(scene);
    const abort = await measureAbort(scene);
    return {
      ...idle,
      cold: cold.sinceEnqueue,
      warm: mean(warm.map((one) => one.sinceEnqueue)),
      warmAfterPull: mean(warm.map((one) => one.sincePull)),
      ...flood,
      abort,
    };
  } finally {
    await scene.close();
  }
}

async function measureIdle({ daemon, requests }: Scene, seconds: number) {
  await sleep(10_000);
  const before = { requests: requests(), cpu: cpuSeconds(daemon.pid) };
  await sleep(seconds * 1000);
  return {
    idleMegabytes: residentMegabytes(daemon.pid),
    idleCpuPercent: (100 * (cpuSeconds(daemon.pid) - before.cpu)) / seconds,
    idleRequests: ((requests() - before.requests) * 60) / seconds,
  };
}

async function measureFlood(scene: Scene) {
  const before = residentMegabytes(scene.daemon.pid);
  const watch = { peak: before };
  const timer = setInterval(() => {
    watch.peak = Math.max(watch.peak, residentMegabytes(scene.daemon.pid));
  }, 50);
  const begun = Date.now();
  const id = await scene.enqueue('flood.py');
  await scene.ended(id);
  clearInterval(timer);
  const stored = (await scene.logOf(id)).match(/^line \d+/gm)?.length ?? 0;
  return {
    flood: (Date.now() - begun) / 1000,
    floodGrowth: watch.peak - before,
    floodLost: LINES - stored,
  };
}

async function measureAbort(scene: Scene): Promise<number> {
  const id = await scene.enqueue('sleeper.py');
  await until(async () => (await scene.logOf(id)).includes('MARK'), {
    what: 'the sleeper',
    timeoutMs: 120_000,
  });
  await sleep(1000);
  const begun = Date.now();
  await scene.call('tasks.stop', { task: id });
  await until(() => !sleeperLives(), { what: 'the end of the sleeper', timeoutMs: 60_000 });
  return (Date.now() - begun) / 1000;
}

function sleeperLives(): boolean {
  try {
    return execFileSync('pgrep', ['-f', 'sleeper.py']).length > 0;
  } catch {
    return false;
  }
}
