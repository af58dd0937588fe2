import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { AgentError, isAgentError } from '../errors.js';
import { clearFolderAway, ensureFolder, readTextIfThere, writeFileDurable } from '../os/files.js';
import { acquireLock, lockHolder, type Release } from '../os/lock.js';
import { fileNameOf, workerFolder } from '../os/paths.js';
import { isAlive, startTime } from '../os/processes.js';

/** A daemon that holds a worker id on this machine. */
export interface RegisteredDaemon {
  workerId: string;
  pid: number;
  started: string;
  /** Names; as typed until the server has resolved them. */
  queues: string[];
  /** Ids of the queues, once the server has resolved them. */
  queueIds?: string[];
  logFile?: string;
  /** GPUs of a daemon with `--dynamic-gpus`, as `--gpus` names them. */
  dynamicGpus?: string[];
}

/** The worker id that this process holds until `release`. */
export interface Registration {
  workerId: string;
  folder: string;
  /** The last daemon with this id in this home was killed, or left runs for the next one. */
  inherited: boolean;
  /** Publishes what `daemon --stop` and `--status` of other processes read. */
  publish(details: Pick<RegisteredDaemon, 'queues' | 'queueIds' | 'logFile' | 'dynamicGpus'>): Promise<void>;
  release: Release;
}

const DETAILS = 'daemon.json';

/** Held by the daemon that has the worker id of the folder. */
export function workerLock(folder: string): string {
  return path.join(folder, 'lock');
}

/**
 * Takes the first free worker id. Ids of dead daemons are free, so a restarted daemon gets its old id, and with
 * it the folder of the runs that it left.
 *
 * @param ids ids in order of preference; an endless generator where slots count up
 * @throws AgentError AGENT_RUNNING when a living process holds every one of them
 */
export async function registerWorker(state: string, ids: Iterable<string>): Promise<Registration> {
  let refused = '';
  for (const workerId of ids) {
    const folder = workerFolder(state, workerId);
    await ensureFolder(folder);
    const release = await tryLock(workerLock(folder), workerId);
    if (release) return registration(workerId, folder, { release, inherited: await isInherited(folder) });
    refused = workerId;
  }
  throw new AgentError('AGENT_RUNNING', `an agent with the worker id "${refused}" is already running here`, {
    hint: 'Stop it with "agent daemon --stop", or set another CLEARML_WORKER_ID.',
  });
}

async function tryLock(file: string, workerId: string): Promise<Release | undefined> {
  try {
    return await acquireLock(file, { timeoutMs: 0, what: `the worker id "${workerId}"` });
  } catch (error) {
    if (isAgentError(error, 'LOCK_TIMEOUT')) return undefined;
    throw error;
  }
}

async function isInherited(folder: string): Promise<boolean> {
  const runs = await readdir(path.join(folder, 'runs')).catch(() => []);
  return runs.length > 0 || (await readDetails(folder)) !== undefined;
}

function registration(
  workerId: string,
  folder: string,
  { release, inherited }: Pick<Registration, 'release' | 'inherited'>,
): Registration {
  const file = path.join(folder, DETAILS);
  return {
    workerId,
    folder,
    inherited,
    publish: async (details) => {
      const started = (await startTime(process.pid)) ?? '';
      const entry: RegisteredDaemon = { workerId, pid: process.pid, started, ...details };
      await clearFolderAway(file);
      await writeFileDurable(file, JSON.stringify(entry));
    },
    release: async () => {
      await clearFolderAway(file);
      await rm(file, { force: true });
      await release();
    },
  };
}

/**
 * Daemons alive on this machine, sorted by worker id. One whose file is damaged is still found by the lock that it
 * holds; the damaged file of a dead one is ignored, and the next daemon with that worker id replaces it.
 *
 * @param warn called for the damaged file of a living daemon
 */
export async function livingDaemons(
  state: string,
  warn: (line: string) => void,
): Promise<RegisteredDaemon[]> {
  const workers = path.join(state, 'workers');
  const folders = await readdir(workers).catch(() => []);
  const found: RegisteredDaemon[] = [];
  for (const name of folders) {
    const folder = path.join(workers, name);
    const read = await readDetails(folder);
    if (read === undefined) continue;
    const entry = read === 'damaged' ? await holderOf(folder) : read;
    if (entry === undefined || !(await isAlive(entry.pid, entry.started))) continue;
    if (read === 'damaged') warn(damagedText(folder, entry));
    found.push(entry);
  }
  return found.sort((a, b) => a.workerId.localeCompare(b.workerId));
}

/** The worker id that a folder is for; the readable part of the folder's name if its last daemon ended cleanly. */
export async function workerName(folder: string): Promise<string> {
  const read = await readDetails(folder);
  return typeof read === 'object' ? read.workerId : nameInFolder(folder);
}

/** The name of a folder has the hash of the id, so it shows whether the usual form of an id is the right one. */
function nameInFolder(folder: string): string {
  const name = path.basename(folder);
  const readable = name.replace(/-[0-9a-f]{10}$/, '');
  const usual = readable.replaceAll('_', ':');
  return fileNameOf(usual) === name ? usual : readable;
}

async function readDetails(folder: string): Promise<RegisteredDaemon | 'damaged' | undefined> {
  try {
    const text = await readTextIfThere(path.join(folder, DETAILS));
    if (text === undefined) return undefined;
    const entry: unknown = JSON.parse(text);
    return isDetails(entry) ? entry : 'damaged';
  } catch {
    return 'damaged';
  }
}

function isDetails(entry: unknown): entry is RegisteredDaemon {
  const { workerId, pid, started, queues }: Partial<Record<string, unknown>> = { ...Object(entry) };
  return (
    typeof workerId === 'string' &&
    Number.isInteger(pid) &&
    typeof started === 'string' &&
    Array.isArray(queues)
  );
}

async function holderOf(folder: string): Promise<RegisteredDaemon | undefined> {
  const holder = await lockHolder(workerLock(folder)).catch(() => undefined);
  if (holder === undefined || holder.host !== hostname()) return undefined;
  return { workerId: nameInFolder(folder), pid: holder.pid, started: holder.started, queues: [] };
}

function damagedText(folder: string, living: RegisteredDaemon): string {
  const file = path.join(folder, DETAILS);
  return `${file} is damaged; its daemon runs (process ${living.pid}), its queues and its log are not known`;
}
