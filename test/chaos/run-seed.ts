import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inflict } from './faults.js';
import { type Findings, isSettled, judge } from './oracle.js';
import { type FaultKind, scenarioOf } from './scenario.js';
import { World } from './world.js';

export interface SeedResult extends Findings {
  seed: number;
  faults: FaultKind[];
  tasks: number;
  seconds: number;
  /** Logs and files of a run that failed. */
  folder: string | undefined;
}

/** A run may take this long after its last fault; then what is not settled is wrong. */
const SETTLE_MS = 120_000;

/** One run: tasks, faults at their times, and the verdict. Everything it started has ended when it resolves. */
export async function runSeed(seed: number, signal?: AbortSignal): Promise<SeedResult> {
  const begun = performance.now();
  const scenario = scenarioOf(seed);
  const folder = mkdtempSync(path.join(tmpdir(), `chaos-${seed}-`));
  const world = new World(folder, scenario);
  try {
    await world.open();
    const started = performance.now();
    const pending = scenario.faults.map(async (fault) => {
      await sleep(Math.max(0, fault.at - (performance.now() - started)), undefined, { signal });
      await inflict(world, fault);
    });
    const broken = (await Promise.allSettled(pending)).flatMap((one) =>
      one.status === 'rejected' ? [String(one.reason)] : [],
    );
    world.proxy.fault = undefined;
    world.freeDisk();
    const unasked = world.revive();
    const late = await settled(world);
    // Logs of tasks that were settled a moment ago are on their way, and folders are cleared up after them.
    await until(() => world.runFolders().length === 0, 20_000);
    await world.endDaemons();
    const found = await judge(world);
    found.problems.unshift(
      ...broken,
      ...late,
      ...(unasked > 0 ? [`${unasked} daemons had ended by themselves`] : []),
    );
    world.isSound = found.problems.length === 0;
    return {
      ...found,
      seed,
      faults: scenario.faults.map(({ kind }) => kind),
      tasks: scenario.tasks.length,
      seconds: (performance.now() - begun) / 1000,
      folder: world.isSound ? undefined : folder,
    };
  } finally {
    await world.close();
    if (world.isSound) rmSync(folder, { recursive: true, force: true });
  }
}

async function settled(world: World): Promise<string[]> {
  const open = async () => {
    const states = await Promise.all(world.tasks.map((task) => isSettled(world, task)));
    return world.tasks.filter((_, index) => !states[index]);
  };
  await until(async () => (await open()).length === 0, SETTLE_MS);
  return (await open()).map(({ name }) => `${name} is not settled after ${SETTLE_MS / 1000} s`);
}

async function until(isTrue: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isTrue()) && performance.now() < deadline) await sleep(200);
}
