import { lstat, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isAgentError } from '../errors.js';
import { isMissing, readTextIfThere } from '../os/files.js';
import { withLock } from '../os/lock.js';
import {
  MIRROR_MARKS,
  type Mirror,
  mirrorsFolder,
  removeLeftovers,
  removeMirror,
  spareFolder,
} from './mirror.js';
import type { MirrorSettings } from './settings.js';

/** A mirror as it is listed. */
export interface ListedMirror {
  folder: string;
  /** Address without secrets. */
  url: string;
  bytes: number;
  lastUsed: Date;
}

/** Why a mirror is collected. */
export type PruneReason = 'age' | 'size';

export interface PrunedMirror extends ListedMirror {
  reason: PruneReason;
}

export interface PruneRequest {
  cacheFolder: string;
  limits: Pick<MirrorSettings, 'maxBytes' | 'maxAgeMs'>;
  /** Only say what would be removed. */
  dryRun?: boolean;
  signal?: AbortSignal;
}

/** The mirrors of this machine, the last used first. */
export async function listMirrors(cacheFolder: string): Promise<ListedMirror[]> {
  const parent = mirrorsFolder(cacheFolder);
  const names = (await entriesOf(parent)).filter((name) => name.endsWith('.git'));
  const listed = await Promise.all(names.map((name) => listMirror(path.join(parent, name))));
  return listed
    .filter((mirror) => mirror !== undefined)
    .sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Removes mirrors that were not used for too long, then the least recently used ones until the rest fits. One that
 * a task is working with is left alone. Gives what was (or would be) removed.
 */
export async function pruneMirrors(request: PruneRequest): Promise<PrunedMirror[]> {
  const chosen = chooseMirrors(await listMirrors(request.cacheFolder), request.limits, Date.now());
  if (request.dryRun) return chosen;
  const removed: PrunedMirror[] = [];
  for (const mirror of chosen) {
    request.signal?.throwIfAborted();
    if (await removeMirrorIfIdle(mirror.folder, request.signal)) removed.push(mirror);
  }
  for (const folder of await unfinishedMirrors(request.cacheFolder))
    await removeMirrorIfIdle(folder, request.signal);
  return removed;
}

/** Time between two collections; the sizes of large mirrors take a moment to add up. */
const COLLECT_EVERY_MS = 3_600_000;
/** Its time is that of the last collection. */
const COLLECTED = 'agent-collected';

/** Like `pruneMirrors`, but only when no agent of this machine did so within the last hour. */
export async function collectMirrors(request: PruneRequest): Promise<PrunedMirror[]> {
  const mark = path.join(mirrorsFolder(request.cacheFolder), COLLECTED);
  const last = await stat(mark).catch(() => undefined);
  if (last !== undefined && Date.now() - last.mtimeMs < COLLECT_EVERY_MS) return [];
  await writeFile(mark, '');
  return pruneMirrors(request);
}

/** Which of the mirrors, listed last used first, are over the limits. */
export function chooseMirrors(
  mirrors: readonly ListedMirror[],
  { maxAgeMs, maxBytes }: PruneRequest['limits'],
  now: number,
): PrunedMirror[] {
  let kept = 0;
  return mirrors.flatMap((mirror): PrunedMirror[] => {
    if (maxAgeMs > 0 && now - mirror.lastUsed.getTime() > maxAgeMs) return [{ ...mirror, reason: 'age' }];
    if (maxBytes > 0 && kept + mirror.bytes > maxBytes) return [{ ...mirror, reason: 'size' }];
    kept += mirror.bytes;
    return [];
  });
}

/** A cache for one checkout only, for agents that keep no mirrors. Its objects live on as hard links. */
export async function inTemporaryCache<T>(
  parent: string,
  work: (cacheFolder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(parent, '.cache-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function listMirror(folder: string): Promise<ListedMirror | undefined> {
  const used = await stat(path.join(folder, MIRROR_MARKS.used)).catch(() =>
    stat(folder).catch(() => undefined),
  );
  if (used === undefined) return undefined;
  const url = (await readTextIfThere(path.join(folder, MIRROR_MARKS.fetched))) ?? '';
  const counted = new Set<number>();
  return {
    folder,
    url,
    bytes: (await sizeOf(folder, counted)) + (await sizeOf(spareFolder({ folder }), counted)),
    lastUsed: used.mtime,
  };
}

/** @param counted inodes of files with several names, which take their space once */
async function sizeOf(folder: string, counted: Set<number>): Promise<number> {
  let bytes = 0;
  for (const name of await entriesOf(folder)) {
    const entry = await lstat(path.join(folder, name)).catch(() => undefined);
    if (entry?.isDirectory()) bytes += await sizeOf(path.join(folder, name), counted);
    else if (entry !== undefined && !counted.has(entry.ino)) bytes += entry.size;
    if (entry !== undefined && entry.nlink > 1) counted.add(entry.ino);
  }
  return bytes;
}

/** Parts of mirrors that agents made when they were killed; for one that lives its lock speaks. */
export async function unfinishedMirrors(cacheFolder: string): Promise<string[]> {
  const parent = mirrorsFolder(cacheFolder);
  const names = (await entriesOf(parent)).filter((name) => UNFINISHED.test(name));
  return names.map((name) => path.join(parent, name));
}

const UNFINISHED = /\.git(?:\.spare)?\.(?:new|old)$/;

function mirrorOf(folder: string): string {
  return folder.replace(/(?:\.spare)?\.(?:new|old)$/, '');
}

/** The lock that is held by whoever works on a mirror, or on the unfinished part of one. */
export function mirrorLock(folder: string): string {
  return `${mirrorOf(folder)}.lock`;
}

/** @returns false when a task is working with the mirror */
export async function removeMirrorIfIdle(folder: string, signal?: AbortSignal): Promise<boolean> {
  const lock = { timeoutMs: 0, what: `the mirror ${folder}`, ...(signal === undefined ? {} : { signal }) };
  const mirror: Mirror = { folder: mirrorOf(folder), lockFile: mirrorLock(folder) };
  try {
    await withLock(mirror.lockFile, lock, () =>
      UNFINISHED.test(folder) ? removeLeftovers(mirror) : removeMirror(mirror),
    );
    return true;
  } catch (error) {
    if (isAgentError(error, 'LOCK_TIMEOUT') || isMissing(error)) return false;
    throw error;
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
