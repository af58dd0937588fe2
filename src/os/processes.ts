import { promisify } from 'node:util';
import treeKill from 'tree-kill';
import { systemCode } from '../errors.js';
import {
  markedPidsNow,
  type ProcessEntry,
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
 * @param started what `startTime` told about it when it was known to be the right one
 */
export async function isAlive(pid: number, started?: string): Promise<boolean> {
  const entry = await processEntry(pid);
  return entry !== undefined && !entry.zombie && (started === undefined || entry.startTime === started);
}

/** All living processes below `pid`, nearest first. */
export async function descendants(pid: number): Promise<ProcessEntry[]> {
  const table = await processTable();
  const found: ProcessEntry[] = [];
  let level = new Set([pid]);
  while (level.size > 0) {
    const children = table.filter((entry) => level.has(entry.parent));
    found.push(...children);
    level = new Set(children.map((entry) => entry.pid));
  }
  return found.filter((entry) => !entry.zombie);
}

/** All living processes of a process group. */
export async function groupMembers(group: number): Promise<ProcessEntry[]> {
  return (await processTable()).filter((entry) => entry.group === group && !entry.zombie);
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
  const below = await descendants(pid);
  for (const target of [pid, ...below.map((entry) => entry.pid)]) signalProcess(target, signal);
}

/** Signals a whole process group. `false` when nothing of it is left. */
export function killGroup(group: number, signal: NodeJS.Signals): boolean {
  if (group <= 1) return false; // kill(2) takes -0 for our own group and -1 for everybody
  return signalProcess(-group, signal);
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
