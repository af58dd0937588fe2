import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, systemCode } from '../errors.js';
import { clearFolderAway, diskError, ensureFolder } from './files.js';
import { ownPlace, type ProcessPlace, showLife, showsLife } from './lock-life.js';
import { mayLive, startTime } from './processes.js';
import { readRecord } from './record-file.js';

export interface LockOptions {
  /** How long to wait for another owner to let go. 0 asks once. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** What the lock guards, for the error: "the cached copy of git@host:repo". */
  what: string;
  /** Called once when another process holds the lock, before the wait begins. */
  onWait?: (holder: LockOwner) => void;
  /** Whether other users take this lock too; its folder must be writable for them. */
  shared?: boolean;
}

/** Who holds a lock; the content of the lock file. */
export interface LockOwner extends ProcessPlace {
  pid: number;
  /** As `startTime` of processes.ts gives it; empty where it is not known. */
  started: string;
  /** Different for each time a lock is taken. */
  nonce: string;
}

export type Release = () => Promise<void>;

/** Waiters ask with random pauses between these, growing, so that they do not ask in step. */
const POLL_MS = { first: 20, most: 250 };
/** A process on another machine cannot be asked: it shows life by touching the file. */
const REFRESH_MS = 20_000;
const SILENT_MS = 120_000;
/** An owner has some 200 bytes. */
const MOST_BYTES = 4096;

/** Runs `fn` while this process alone holds the lock. Stands between processes and within one. */
export async function withLock<T>(file: string, options: LockOptions, fn: () => Promise<T>): Promise<T> {
  const release = await acquireLock(file, options);
  try {
    return await fn();
  } finally {
    await release();
  }
}

/**
 * Takes the lock and returns how to let go of it. A lock whose owner died is taken over: at once where the kernel can
 * say so, which is on one machine and between its containers; else when the owner has shown no life for `SILENT_MS`.
 *
 * @throws AgentError LOCK_TIMEOUT naming the owner, DISK_FULL; the signal's reason when it aborts
 */
export async function acquireLock(file: string, options: LockOptions): Promise<Release> {
  await ensureFolder(path.dirname(file));
  const nonce = randomBytes(5).toString('hex');
  const mine = `${file}.${nonce}.new`;
  try {
    await writeOwner(mine, nonce, options.shared === true ? 0o644 : 0o600);
    await waitForTurn(file, mine, options);
  } finally {
    await rm(mine, { force: true });
  }
  const refresh = setInterval(() => void touch(file), REFRESH_MS).unref();
  const endLife = await showLife(lifeFile(file, nonce), options.shared === true ? 0o666 : undefined);
  return async () => {
    clearInterval(refresh);
    if ((await readOwner(file))?.nonce === nonce) await rm(file, { force: true });
    // Last: until the lock is gone, this process has it.
    await endLife?.();
  };
}

/** Who holds a lock at this moment; `undefined` when no live process does. */
export async function lockHolder(file: string): Promise<LockOwner | undefined> {
  const owner = await readOwner(file);
  return owner !== undefined && (await holds(file, owner)) ? owner : undefined;
}

async function waitForTurn(file: string, mine: string, options: LockOptions): Promise<void> {
  const begun = Date.now();
  let pause = POLL_MS.first;
  for (let asked = 0; ; asked++) {
    options.signal?.throwIfAborted();
    // It becomes the lock: the time of its making would let the owner look silent.
    if (asked > 0) await touch(mine);
    if (await claim(file, mine)) return;
    const holder = await readOwner(file);
    if (asked === 0 && holder !== undefined) options.onWait?.(holder);
    const left = begun + options.timeoutMs - Date.now();
    if (left <= 0) throw timeoutError(file, holder, options);
    await sleep(Math.min(left, pause * (0.5 + Math.random())), undefined, { signal: options.signal });
    pause = Math.min(pause * 1.5, POLL_MS.most);
  }
}

/**
 * One try. A free lock is taken by `link`, which only one can win. The lock of a dead owner is taken over by
 * whoever wins a second lock named after that very owner, looks again, and moves it over the first: so none
 * can push away a living owner who came in between. A winner that dies halfway leaves that second lock,
 * which is taken over in the same way.
 */
async function claim(file: string, mine: string): Promise<boolean> {
  if (await linked(mine, file)) return true;
  const holder = await readOwner(file);
  if (holder === undefined || (await holds(file, holder))) return false;
  const succession = `${file}.${holder.nonce}`;
  if (!(await claim(succession, mine))) return false;
  if ((await readOwner(file))?.nonce === holder.nonce) {
    await clearFolderAway(file);
    await rename(succession, file);
    await rm(lifeFile(file, holder.nonce), { force: true });
    return true;
  }
  await rm(succession, { force: true });
  return false;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw diskError(error, to);
  }
}

async function holds(file: string, owner: LockOwner): Promise<boolean> {
  const here = await ownPlace();
  const sameKernel = owner.boot !== undefined && owner.boot === here.boot;
  if (sameKernel) {
    if (owner.pids === here.pids && owner.started !== '') return mayLive(owner.pid, owner.started);
    return (await showsLife(lifeFile(file, owner.nonce))) ?? isFresh(file);
  }
  // The machine was started again, or has no kernel that says who it is; or the lock is of an earlier version.
  if (owner.host === here.host) return mayLive(owner.pid, owner.started);
  return isFresh(file);
}

async function isFresh(file: string): Promise<boolean> {
  const touched = await stat(file).then(
    (entry) => entry.mtimeMs,
    () => Date.now(),
  );
  return Date.now() - touched < SILENT_MS;
}

/** The socket by which the owner shows that it lives. Beside the lock, so that who sees one sees the other. */
function lifeFile(file: string, nonce: string): string {
  return `${file}.${nonce}.live`;
}

async function writeOwner(file: string, nonce: string, mode: number): Promise<void> {
  const started = (await startTime(process.pid)) ?? '';
  const owner: LockOwner = { pid: process.pid, started, ...(await ownPlace()), nonce };
  try {
    const handle = await open(file, 'wx', mode);
    await handle.chmod(mode);
    await handle.writeFile(JSON.stringify(owner));
    await handle.close();
  } catch (error) {
    throw diskError(error, file);
  }
}

/**
 * A file that a power cut left empty, or no file at all, is treated as the lock of a process that never lived.
 *
 * @throws AgentError WRITE_DENIED when this user may not read it
 */
async function readOwner(file: string): Promise<LockOwner | undefined> {
  const record = await readRecord(file, MOST_BYTES).catch((error: unknown) => {
    throw diskError(error, file);
  });
  if (record === undefined) return undefined;
  try {
    const owner: unknown = JSON.parse('text' in record ? record.text : '');
    if (isOwner(owner)) return owner;
  } catch {
    // Not JSON: see below.
  }
  return { pid: 0, started: 'never', ...(await ownPlace()), nonce: 'damaged' };
}

function isOwner(value: unknown): value is LockOwner {
  const { nonce, pid, started, host, boot, pids }: Partial<Record<string, unknown>> = { ...Object(value) };
  return (
    [boot, pids].every((one) => one === undefined || typeof one === 'string') &&
    typeof nonce === 'string' &&
    /^\w+$/.test(nonce) &&
    Number.isInteger(pid) &&
    typeof started === 'string' &&
    typeof host === 'string'
  );
}

/** Failing to show life does no harm on this machine, so it is no reason to stop the work. */
async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

function timeoutError(file: string, holder: LockOwner | undefined, options: LockOptions): AgentError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  const waited = options.timeoutMs > 0 ? ` for more than ${Math.round(options.timeoutMs / 1000)} s` : '';
  return new AgentError('LOCK_TIMEOUT', `${options.what} is in use by ${who}${waited} (lock ${file})`, {
    hint: 'Wait for it to end, or end it.',
  });
}
