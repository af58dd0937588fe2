import { promisify } from 'node:util';
import treeKill from 'tree-kill';
import { systemCode } from '../errors.js';
import {
  markedPidsNow,
  type ProcessEntry,
  pidsBelowNow,
  pidsWithVariable,
  processEntry,
  processTable,
} from './process-table.js';

/** When a process was started, as text to compare and keep; `undefined` when there is no such process. */
export async function startTime(pid: number): Promise<string | undefined> {
  return (await processEntry(pid))?.startTime;
}

/**
 * Whether the process lives: a zombie does not, nor does another process that got the same pid since.
 *
 * @param started what `startTime` returned for it when it was known to be the right one
 */
export async function isAlive(pid: number, started?: string): Promise<boolean> {
  const entry = await processEntry(pid);
  return entry !== undefined && !entry.zombie && (started === undefined || entry.startTime === started);
}

/**
 * The same for the process of another user: one that is there but hidden (the mount option `hidepid` of /proc) counts as
 * alive, as nothing tells it from a later one with its pid.
 */
export async function mayLive(pid: number, started: string): Promise<boolean> {
  const entry = await processEntry(pid);
  if (entry !== undefined) return !entry.zombie && entry.startTime === started;
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Processes of the table with all below them, each once. */
export function withDescendants(
  table: readonly ProcessEntry[],
  roots: readonly ProcessEntry[],
): ProcessEntry[] {
  const found = new Map(roots.map((entry) => [entry.pid, entry]));
  for (let level = roots; level.length > 0; ) {
    const parents = new Set(level.map((entry) => entry.pid));
    level = table.filter((entry) => parents.has(entry.parent) && !found.has(entry.pid));
    for (const entry of level) found.set(entry.pid, entry);
  }
  return [...found.values()];
}

/**
 * All living processes that were started with the variable set to the value. Children inherit it, so it
 * finds those that left their group, session and parent as well.
 */
export async function processesWithEnvironment(name: string, value: string): Promise<ProcessEntry[]> {
  const pids = await pidsWithVariable(name, value);
  const entries = await Promise.all(pids.map((pid) => processEntry(pid)));
  return entries.filter((entry) => entry !== undefined).filter((entry) => !entry.zombie);
}

/** Signals a process and all below it. One that is gone already is no error. */
export async function killTree(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (process.platform !== 'linux') {
    await promisify<number, NodeJS.Signals>(treeKill)(pid, signal);
    return;
  }
  // On Linux tree-kill starts `ps` for each process: not installed in small images, and its failure to
  // start, which is likely when a task has used up all processes, would end the whole agent.
  const table = await processTable();
  const tree = withDescendants(
    table,
    table.filter((entry) => entry.pid === pid),
  );
  for (const entry of tree) signalProcess(entry.pid, signal);
}

/** A process that is killed stays in the list of children until its parent takes notice. */
const MOST_ROUNDS = 50;

/** Kills all below a process in one go: what is started meanwhile is looked for again at once. Linux only. */
export function killBelow(pid: number): void {
  const killed = new Set<number>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fresh = pidsBelowNow(pid).filter((one) => !killed.has(one));
    if (fresh.length === 0) return;
    for (const one of fresh) {
      signalProcess(one, 'SIGKILL');
      killed.add(one);
    }
  }
}

/** Signals a whole process group. `false` when nothing of it is left. */
export function killGroup(group: number, signal: NodeJS.Signals): boolean {
  if (group <= 1) return false; // kill(2) takes -0 for our own group and -1 for everybody
  return signalProcess(-group, signal);
}

/** Whether a process group has a process, zombies included. */
export function groupLives(group: number): boolean {
  try {
    return group > 1 && process.kill(-group, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Signals one process. `false` when it is gone or not ours. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/**
 * Signals all processes that were started with the variable set to the value, newest first and in one go:
 * one that starts its successor and ends at once, again and again, is outrun in this way.
 */
export function signalMarked(name: string, value: string, signal: NodeJS.Signals): void {
  for (const pid of markedPidsNow(name, value)) signalProcess(pid, signal);
}
