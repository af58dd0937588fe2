import { setTimeout as sleep } from 'node:timers/promises';
import {
  type FaultPlan,
  type MachineFault,
  NETWORK_FAULTS,
  type NetworkFault,
  type UserAction,
} from './scenario.js';
import type { ChaosTask, World } from './world.js';

/** Carries one fault out and, where it lasts, ends it. */
export async function inflict(world: World, plan: FaultPlan): Promise<void> {
  const { kind } = plan;
  if (isNetworkFault(kind)) return disturbNetwork(world, kind, plan.lasts);
  const task = world.tasks[plan.target % world.tasks.length];
  if (kind === 'abort' || kind === 'reset' || kind === 'delete') return task && actAsUser(world, task, kind);
  await MACHINE[kind](world, plan);
}

function isNetworkFault(kind: FaultPlan['kind']): kind is NetworkFault {
  return NETWORK_FAULTS.some((one) => one === kind);
}

async function disturbNetwork(world: World, kind: NetworkFault, lasts: number): Promise<void> {
  world.proxy.fault = kind;
  await sleep(lasts);
  if (world.proxy.fault === kind) world.proxy.fault = undefined;
}

const CALLS: Readonly<Record<UserAction, [call: string, body: object]>> = {
  abort: ['tasks.stop', { status_reason: 'a user' }],
  reset: ['tasks.reset', { force: true }],
  delete: ['tasks.delete', { force: true }],
};

async function actAsUser(world: World, task: ChaosTask, action: UserAction): Promise<void> {
  if (task.done.size > 0) return;
  const [call, body] = CALLS[action];
  const before = world.truth(task);
  try {
    await world.call(call, { task: task.id, ...body });
  } catch {
    return; // it has ended already, so the server refuses
  }
  task.done.add(action);
  task.whenAborted = before;
}

const MACHINE: Readonly<Record<MachineFault, (world: World, plan: FaultPlan) => Promise<void>>> = {
  'daemon-kill': async (world, { target, lasts }) => {
    await world.killDaemon(target);
    await sleep(lasts);
    world.revive();
  },
  'daemon-freeze': async (world, { target, lasts }) => {
    world.signalDaemon(target, 'SIGSTOP');
    await sleep(lasts);
    world.signalDaemon(target, 'SIGCONT');
  },
  'daemon-hand-over': async (world, { target, lasts }) => {
    await world.handOver(target);
    await sleep(lasts);
    world.revive();
  },
  'server-kill': async (world, { lasts }) => {
    if (!(await world.killServer())) return;
    await sleep(lasts);
    await world.startServer();
  },
  'workload-kill': async (world, { target }) => {
    const task = world.tasks[target % world.tasks.length];
    const { pid, ended } = task ? world.truth(task) : {};
    if (task === undefined || pid === undefined || ended || !world.living().includes(pid)) return;
    task.killed = signal(pid, 'SIGKILL');
  },
  'workload-freeze': async (world, { target, lasts }) => {
    const task = world.tasks[target % world.tasks.length];
    const { pid, ended } = task ? world.truth(task) : {};
    // The number may be another program's by now.
    if (pid === undefined || ended || !world.living().includes(pid) || !signal(pid, 'SIGSTOP')) return;
    await sleep(lasts);
    signal(pid, 'SIGCONT');
  },
  'disk-full': async (world, { lasts }) => {
    world.fillDisk();
    await sleep(lasts);
    world.freeDisk();
  },
  'clock-jump': async (world, { target, lasts }) => {
    await world.killDaemon(target);
    world.shiftClock(target, lasts % 2 === 0 ? '+2h' : '-1h');
    await sleep(lasts);
    world.revive();
  },
};

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false; // it has ended meanwhile
  }
}
