import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { driverModule, livingProcesses } from '../drivers/registry.js';
import { segmentStart } from '../logs/segments.js';
import { LOG_FOLDER, UPLOAD_STATE } from '../logs/task-log.js';
import { NOTHING_SENT, readUploadState } from '../logs/upload-state.js';
import { lockHolder } from '../os/lock.js';
import { runLock } from './folders.js';
import { Journal, type RunState } from './journal.js';
import { workerLock } from './registry.js';

/** Why the rest of a run has to stay on this machine. */
export interface RunHold {
  /** `its agent is running (process 4711)` */
  why: string;
  /** Something is alive that needs it. Otherwise only the server lacks something, and a user may give that up. */
  inUse: boolean;
}

export interface HeldRun {
  workerFolder: string;
  /** `undefined` for a workspace alone. */
  runFolder: string | undefined;
  /** What its journal says. */
  state: RunState | undefined;
  lastUsed: Date;
}

/** A folder without a journal may be one that an agent is just making. */
const NEW_MS = 60_000;

/** Why a run has to stay, or `undefined` where nothing speaks for it. */
export async function runHold(run: HeldRun): Promise<RunHold | undefined> {
  return (await heldBy(workerLock(run.workerFolder))) ?? (await ownHold(run));
}

/** The same for a caller that holds the worker's lock. */
export async function ownHold({ runFolder, state, lastUsed }: HeldRun): Promise<RunHold | undefined> {
  if (runFolder === undefined) return undefined;
  const held = await heldBy(runLock(runFolder));
  if (held !== undefined) return held;
  if (state === undefined) {
    const unreadable = await Journal.unreadable(runFolder);
    if (unreadable !== undefined)
      return { why: `${unreadable}, so what of it still runs is not known`, inUse: true };
    return Date.now() - lastUsed.getTime() < NEW_MS
      ? { why: 'it is just beginning', inUse: true }
      : undefined;
  }
  const pids = await livingProcesses(state);
  if (pids !== undefined && pids.length > 0) {
    return { why: `its processes are running (${pids.slice(0, 5).join(', ')})`, inUse: true };
  }
  if (state.last === 'reported') return undefined;
  if (pids === undefined) {
    const where = driverModule(state.place?.kind ?? '')?.where ?? 'in a place that this agent does not know';
    return { why: `it runs ${where}, which the agent of this worker id has to clear up`, inUse: true };
  }
  const unsent = await unsentLog(runFolder);
  if (unsent > 0) return { why: `${unsent} bytes of its log are not with the server`, inUse: false };
  return { why: 'the server does not know its end', inUse: false };
}

async function heldBy(lock: string): Promise<RunHold | undefined> {
  const holder = await lockHolder(lock);
  return holder && { why: `its agent is running (process ${holder.pid})`, inUse: true };
}

/** Bytes of a run's log that the server does not have. Only looks, so the run's own agent may be at work. */
async function unsentLog(runFolder: string): Promise<number> {
  const folder = path.join(runFolder, LOG_FOLDER);
  const names = await readdir(folder).catch(() => []);
  const ends = await Promise.all(names.map((name) => segmentEnd(folder, name)));
  const { cursor } = (await readUploadState(path.join(folder, UPLOAD_STATE))) ?? NOTHING_SENT;
  return Math.max(0, ...ends.map((end) => end - cursor.offset));
}

async function segmentEnd(folder: string, name: string): Promise<number> {
  const start = segmentStart(name);
  if (start === undefined) return 0;
  const facts = await stat(path.join(folder, name)).catch(() => undefined);
  return facts === undefined ? 0 : start + facts.size;
}
