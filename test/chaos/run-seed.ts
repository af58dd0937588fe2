import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TEST_ENGINE } from '../support/docker-engine.js';
import type { ContainerEngine } from './container-engine.js';
import { inflict } from './faults.js';
import { type Findings, isSettled, judge } from './oracle.js';
import { type FaultKind, type FaultPlan, type Mode, type Step, scenarioOf } from './scenario.js';
import { World } from './world.js';

/** A fault that hit, and the step of a run's journal at which it did. */
export interface InflictedFault {
  kind: FaultKind;
  step?: Step | undefined;
}

export interface SeedResult extends Findings {
  seed: number;
  /** What its containers ran on; `undefined`: its tasks were processes. */
  engine: string | undefined;
  faults: InflictedFault[];
  tasks: number;
  seconds: number;
  /** Logs and files of a run that was wrong. */
  folder: string | undefined;
}

/** A run may take this long after its last fault; then what is not settled is wrong. */
const SETTLE_MS = 240_000;
/** What is left of a run that is over goes within this time. */
const CLEAR_MS = 45_000;

/**
 * One run: tasks, faults at their times, and the verdict. Everything it started has ended when it resolves.
 *
 * @param engine where its tasks run in containers
 */
export async function runSeed(seed: number, engine?: ContainerEngine): Promise<SeedResult> {
  const begun = performance.now();
  const mode: Mode = engine === undefined ? 'process' : 'container';
  const scenario = scenarioOf(seed, mode);
  const folder = mkdtempSync(path.join(tmpdir(), `chaos-${seed}-`));
  const world = await World.open(folder, scenario, engine);
  try {
    const { faults, problems } = await hurtAll(world, scenario.faults);
    problems.push(...(await heal(world)));
    const found = await judge(world);
    found.problems.unshift(...problems);
    world.isSound = found.problems.length === 0;
    return {
      ...found,
      seed,
      engine: engine && TEST_ENGINE,
      faults,
      tasks: scenario.tasks.length,
      seconds: (performance.now() - begun) / 1000,
      folder: world.isSound ? undefined : folder,
    };
  } finally {
    await world.close();
    if (world.isSound) rmSync(folder, { recursive: true, force: true });
  }
}

async function hurtAll(world: World, plans: readonly FaultPlan[]) {
  const started = performance.now();
  const faults: InflictedFault[] = [];
  const done = plans.map(async (plan) => {
    if (await inflict(world, plan, started)) faults.push({ kind: plan.kind, step: plan.step });
  });
  const problems = (await Promise.allSettled(done)).flatMap((one) =>
    one.status === 'rejected' ? [`a fault could not be carried out: ${String(one.reason)}`] : [],
  );
  return { faults, problems };
}

/** Waits until all is well again, and ends the daemons; what is wrong with that. */
async function heal(world: World): Promise<string[]> {
  world.proxy.fault = undefined;
  world.freeDisk();
  const ended = world.daemons.revive();
  // As a daemon does that finds no engine or a full disk when it starts; whoever runs it starts it again.
  const mayEnd = world.diskWasFull || world.tasks.some((task) => task.withoutEngine);
  const unasked = mayEnd ? 0 : ended;
  const late = await settled(world);
  // Logs of tasks that were settled a moment ago are on their way, and folders are cleared up after them.
  await until(() => world.runFolders().length === 0 && world.living().length === 0, CLEAR_MS);
  const left = world.living();
  const killed = await world.daemons.end();
  return [
    ...late,
    ...(unasked > 0 ? [`${unasked} daemons had ended by themselves`] : []),
    ...(left.length > 0 ? [`processes of tasks that are over run on: ${left.join(', ')}`] : []),
    ...(killed > 0 ? [`${killed} daemons did not end when they were asked to`] : []),
  ];
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
