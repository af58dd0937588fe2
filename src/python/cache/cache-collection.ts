import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isAgentError } from '../../errors.js';
import { diskUsage, freeSpace } from '../../os/disk-usage.js';
import { readTextIfThere } from '../../os/files.js';
import { withLock } from '../../os/lock.js';
import { isAlive } from '../../os/processes.js';
import type { EnvironmentCache } from './environment-cache.js';

/** A kept environment, for people and for the limits. */
export interface KeptEnvironment {
  key: string;
  folder: string;
  /** `Python 3.11.7, 12 packages, installed by uv`. */
  summary: string;
  created: Date;
  lastUsed: Date;
  /** Disk space in bytes; files that tasks or tools share by links count whole. */
  bytes: number;
}

export interface CacheLimits {
  maxEntries: number;
  maxBytes: number | undefined;
  /** The file system keeps this much free; 0 or less: no limit. */
  freeBytes: number;
}

export interface Pruned {
  environment: KeptEnvironment;
  /** `more than 10 environments`, `less than 2 GB free` … */
  why: string;
}

export const GB = 1e9;

/** All kept environments, the one used last first. */
export async function listEnvironments(
  cache: EnvironmentCache,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KeptEnvironment[]> {
  const keys = await readdir(cache.entriesFolder).catch(() => []);
  const found = await Promise.all(keys.map((key) => describe(cache, key, env)));
  return found.filter((one) => one !== undefined).sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Which environments go so that the limits hold, the one longest unused first. `free` is the free space of
 * the file system in bytes.
 */
export function chooseForRemoval(
  kept: readonly KeptEnvironment[],
  limits: CacheLimits,
  free: number,
): Pruned[] {
  const oldestFirst = [...kept].sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
  let count = kept.length;
  let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
  let space = free;
  const chosen: Pruned[] = [];
  for (const environment of oldestFirst) {
    const why = excess({ count, bytes, space }, limits);
    if (why === undefined) break;
    chosen.push({ environment, why });
    count -= 1;
    bytes -= environment.bytes;
    space += environment.bytes;
  }
  return chosen;
}

/**
 * Removes what is over the limits, and what a crash left half-made. An environment that is being handed out or
 * built stays. With `dryRun` nothing is removed; the answer is the same.
 */
export async function pruneEnvironments(
  cache: EnvironmentCache,
  limits: CacheLimits,
  { dryRun = false, env }: { dryRun?: boolean; env: Readonly<Record<string, string | undefined>> },
): Promise<Pruned[]> {
  const kept = await listEnvironments(cache, env);
  const chosen = chooseForRemoval(kept, limits, await freeSpace(cache.folder));
  if (dryRun) return chosen;
  const removed: Pruned[] = [];
  for (const one of chosen) if (await removeIfUnused(cache, one.environment.key)) removed.push(one);
  for (const folder of await unfinishedEnvironments(cache))
    await rm(folder, { recursive: true, force: true });
  return removed;
}

function excess(
  state: { count: number; bytes: number; space: number },
  limits: CacheLimits,
): string | undefined {
  if (state.count > limits.maxEntries) return `more than ${limits.maxEntries} environments`;
  if (limits.maxBytes !== undefined && state.bytes > limits.maxBytes)
    return `more than ${inGb(limits.maxBytes)} in all`;
  if (limits.freeBytes > 0 && state.space < limits.freeBytes)
    return `less than ${inGb(limits.freeBytes)} free`;
  return undefined;
}

async function describe(
  cache: EnvironmentCache,
  key: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KeptEnvironment | undefined> {
  const folder = cache.entryFolder(key);
  const [facts, text] = await Promise.all([
    stat(folder).catch(() => undefined),
    readTextIfThere(path.join(folder, 'entry.json')),
  ]);
  if (facts === undefined) return undefined;
  const entry = readEntry(text);
  return {
    key,
    folder,
    summary: entry.summary ?? 'not readable',
    created: entry.created === undefined ? facts.birthtime : new Date(entry.created),
    lastUsed: facts.mtime,
    bytes: await diskUsage(folder, env),
  };
}

function readEntry(text: string | undefined): { summary?: string; created?: string } {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return {};
  }
}

/** An environment whose lock is held is in use: it is skipped until the next time. */
export async function removeIfUnused(cache: EnvironmentCache, key: string): Promise<boolean> {
  try {
    await withLock(cache.lockFile(key), { timeoutMs: 0, what: `the cached Python environment ${key}` }, () =>
      cache.remove(key),
    );
    return true;
  } catch (error) {
    if (isAgentError(error, 'LOCK_TIMEOUT')) return false;
    throw error;
  }
}

/** What a crash left half-made. Names there begin with the id of the process that made them. */
export async function unfinishedEnvironments(cache: EnvironmentCache): Promise<string[]> {
  const left: string[] = [];
  for (const name of await readdir(cache.temporaryFolder).catch(() => [])) {
    const pid = Number.parseInt(name, 10);
    if (Number.isInteger(pid) && (await isAlive(pid))) continue;
    left.push(path.join(cache.temporaryFolder, name));
  }
  return left;
}

function inGb(bytes: number): string {
  return `${Number((bytes / GB).toFixed(1))} GB`;
}
