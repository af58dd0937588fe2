import { setTimeout as sleep } from 'node:timers/promises';
import { untilStep } from './journal-watch.js';
import { isSettled } from './oracle.js';
import { commandOf, parentOf, signal } from './processes.js';
import {
  type FaultPlan,
  type MachineFault,
  NETWORK_FAULTS,
  type NetworkFault,
  USER_ACTIONS,
  type UserAction,
} from './scenario.js';
import type { ChaosTask, World } from './world.js';

/** Between two looks at whether a task that is to come to a step has come to its end before. */
const END_LOOK_MS = 1000;
/** A task that waits behind others for this long is not waited for. */
const STEP_MS = 120_000;

/**
 * Waits for the moment of a fault, carries it out and, where it lasts, ends it.
 *
 * @returns whether it hit anything
 */
export async function inflict(world: World, plan: FaultPlan, begun: number): Promise<boolean> {
  const task = world.tasks[plan.target % world.tasks.length];
  if (task === undefined) return false;
  const target = await momentOf(world, task, { ...plan, begun });
  return target !== undefined && hurt(world, task, { ...plan, target });
}

/** The target by then: a fault of a daemon at a step of a run hits the daemon of that run. */
async function momentOf(
  world: World,
  task: ChaosTask,
  { step, after, target, begun }: FaultPlan & { begun: number },
): Promise<number | undefined> {
  if (step === undefined) {
    await sleep(Math.max(0, begun + after - performance.now()));
    return target;
  }
  const over = new AbortController();
  const [reached] = await Promise.all([
    untilStep(world.state, { task: task.id, step }, over.signal).finally(() => over.abort()),
    untilOver(world, task, over),
  ]);
  if (reached === undefined) return undefined;
  await sleep(after);
  return reached.daemon;
}

/** Ends the wait for a step of a task that is at its end. */
async function untilOver(world: World, task: ChaosTask, over: AbortController): Promise<void> {
  const deadline = performance.now() + STEP_MS;
  while (!over.signal.aborted) {
    await sleep(END_LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined);
    if (over.signal.aborted) return;
    if ((await isSettled(world, task)) || performance.now() > deadline) over.abort();
  }
}

async function hurt(world: World, task: ChaosTask, plan: FaultPlan): Promise<boolean> {
  const { kind } = plan;
  if (isOneOf(NETWORK_FAULTS, kind)) return disturbNetwork(world, kind, plan.lasts);
  if (isOneOf(USER_ACTIONS, kind)) return actAsUser(world, task, kind);
  return MACHINE[kind](world, task, plan);
}

function isOneOf<T extends string>(kinds: readonly T[], kind: string): kind is T {
  return kinds.some((one) => one === kind);
}

async function disturbNetwork(world: World, kind: NetworkFault, lasts: number): Promise<boolean> {
  world.proxy.fault = kind;
  await sleep(lasts);
  if (world.proxy.fault === kind) world.proxy.fault = undefined;
  return true;
}

const CALLS: Readonly<Record<UserAction, [call: string, body: object]>> = {
  abort: ['tasks.stop', { status_reason: 'a user' }],
  reset: ['tasks.reset', { force: true }],
  delete: ['tasks.delete', { force: true }],
};

async function actAsUser(world: World, task: ChaosTask, action: UserAction): Promise<boolean> {
  if (task.done.size > 0 || (await isSettled(world, task))) return false;
  const [call, body] = CALLS[action];
  // Before: nobody may ask for a task that is deleted.
  task.done.add(action);
  const taken = await world.server.call(call, { task: task.id, ...body }).then(
    () => true,
    () => false, // it has ended meanwhile, so the server refuses
  );
  if (!taken) task.done.delete(action);
  return taken;
}

type Hurt = (world: World, task: ChaosTask, plan: FaultPlan) => Promise<boolean>;

const MACHINE: Readonly<Record<MachineFault, Hurt>> = {
  'daemon-kill': ({ daemons }, _, { target, lasts }) => daemons.away(target, 'SIGKILL', () => sleep(lasts)),
  'daemon-hand-over': ({ daemons }, _, { target, lasts }) =>
    daemons.away(target, 'SIGUSR2', () => sleep(lasts)),
  'daemon-stop': async (world, _, { target, lasts }) => {
    for (const one of world.tasks) one.mayBeStopped ||= !(await isSettled(world, one));
    return world.daemons.away(target, 'SIGTERM', () => sleep(lasts));
  },
  'daemon-freeze': async ({ daemons }, _, { target, lasts }) => {
    if (!daemons.signal(target, 'SIGSTOP')) return false;
    await sleep(lasts);
    daemons.signal(target, 'SIGCONT');
    return true;
  },
  'clock-jump': async ({ daemons }, _, { target, lasts }) => {
    daemons.setClock(target, lasts % 2 === 0 ? '+2h' : '-1h');
    return true;
  },
  'server-kill': async ({ server }, _, { lasts }) => {
    if (!(await server.kill())) return false;
    await sleep(lasts);
    await server.start();
    return true;
  },
  'disk-full': async (world, _, { lasts }) => {
    world.fillDisk();
    await sleep(lasts);
    world.freeDisk();
    return true;
  },
  'workload-kill': async (world, task) => killed(task, world.workload(task)),
  'workload-freeze': async (world, task, { lasts }) => frozen(world.workload(task), lasts),
  'wrapper-kill': async (world, task) => killed(task, waitingShell(world, task)),
  'wrapper-freeze': async (world, task, { lasts }) => frozen(waitingShell(world, task), lasts),
  'engine-kill': (world, _, { lasts }) => engineAway(world, 'kill', lasts),
  'engine-stop': (world, _, { lasts }) => engineAway(world, 'end', lasts),
  'engine-freeze': async ({ engine }, _, { lasts }) => engine?.freeze(() => sleep(lasts)) ?? false,
  'container-kill': (world, task) => endContainer(world, task, ['kill']),
  'container-stop': (world, task) => endContainer(world, task, ['stop', '--time', '1']),
  'container-remove': (world, task) => endContainer(world, task, ['rm', '--force']),
  'container-pause': async ({ engine }, task, { lasts }) => {
    const id = await engine?.containerOf(task.id);
    if (engine === undefined || id === undefined || !(await engine.command('pause', id))) return false;
    // No step of a set-up can be run then.
    task.withoutEngine = true;
    await sleep(lasts);
    await engine.command('unpause', id);
    return true;
  },
};

async function killed(task: ChaosTask, pid: number | undefined): Promise<boolean> {
  const hit = pid !== undefined && signal(pid, 'SIGKILL');
  task.killed ||= hit;
  return hit;
}

async function frozen(pid: number | undefined, lasts: number): Promise<boolean> {
  if (pid === undefined || !signal(pid, 'SIGSTOP')) return false;
  await sleep(lasts);
  signal(pid, 'SIGCONT');
  return true;
}

/** The shell that started the program of a task and waits for it. */
function waitingShell(world: World, task: ChaosTask): number | undefined {
  const workload = world.workload(task);
  const parent = workload === undefined ? undefined : parentOf(workload);
  return parent !== undefined && commandOf(parent).includes('clearml-task') ? parent : undefined;
}

/** A task whose set-up needs the engine then may fail. */
async function engineAway(world: World, how: 'kill' | 'end', lasts: number): Promise<boolean> {
  for (const one of world.tasks) one.withoutEngine ||= !world.truth(one).ended;
  return world.engine?.away(how, () => sleep(lasts)) ?? false;
}

async function endContainer({ engine }: World, task: ChaosTask, words: string[]): Promise<boolean> {
  const id = await engine?.containerOf(task.id);
  if (engine === undefined || id === undefined) return false;
  // Before: the agent may notice it at once.
  const before = task.killed;
  task.killed = true;
  const hit = await engine.command(...words, id);
  task.killed = hit || before;
  return hit;
}
