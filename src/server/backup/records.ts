import { chown, stat } from 'node:fs/promises';
import path from 'node:path';
import { causeLine } from '../../errors.js';
import { readTextIfThere, writeFileDurable } from '../../os/files.js';
import { isObject } from '../json.js';
import type { BackupResult } from './write-backup.js';

/** Backups that a running server makes by itself. */
export interface BackupSchedule {
  /** Where they go; each gets its time into its name. */
  file: string;
  everySeconds: number;
  /** How many stay. */
  keep: number;
  /** With what was uploaded to the file server. */
  files: boolean;
}

/** How the last backup ended. */
export interface BackupStatus {
  /** Seconds since 1970. */
  attempted: number;
  /** The last one that ended well; absent before the first. */
  succeeded?: number;
  /** Why the last one failed; absent if it did not. */
  failure?: string;
  /** Of the last one that ended well. */
  bytes?: number;
  seconds?: number;
}

/** Who makes a backup: the server by its schedule, or a user by the command. */
export type BackupKind = 'schedule' | 'command';

const SCHEDULE = 'backup-schedule.json';
const statusFile = (kind: BackupKind) => `backup-status-${kind}.json`;

export function readSchedule(folder: string): Promise<BackupSchedule | undefined> {
  return read<BackupSchedule>(path.join(folder, SCHEDULE));
}

/** `undefined` ends the schedule. */
export async function writeSchedule(folder: string, schedule: BackupSchedule | undefined): Promise<void> {
  await write(folder, SCHEDULE, schedule ?? null);
}

export function readStatus(folder: string, kind: BackupKind): Promise<BackupStatus | undefined> {
  return read<BackupStatus>(path.join(folder, statusFile(kind)));
}

/** Makes a backup and notes how it ended. @throws what the backup throws */
export async function recorded(
  folder: string,
  kind: BackupKind,
  backup: () => Promise<BackupResult>,
  signal?: AbortSignal,
): Promise<BackupResult> {
  const before = await readStatus(folder, kind);
  const attempted = Date.now() / 1000;
  try {
    const result = await backup();
    const now = Date.now() / 1000;
    await write(folder, statusFile(kind), {
      attempted,
      succeeded: now,
      bytes: result.bytes,
      seconds: now - attempted,
    });
    return result;
  } catch (error) {
    if (signal?.aborted) throw error;
    // On a full disk the note fails as the backup did; the backup's error says more.
    await write(folder, statusFile(kind), { ...before, attempted, failure: causeLine(error) }).catch(
      () => undefined,
    );
    throw error;
  }
}

async function read<T>(file: string): Promise<T | undefined> {
  try {
    const value: unknown = JSON.parse((await readTextIfThere(file)) ?? 'null');
    return isObject(value) ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

/** The command may run as root beside a server of another user, who reads these files. */
async function write(folder: string, name: string, value: unknown): Promise<void> {
  const file = path.join(folder, name);
  await writeFileDurable(file, `${JSON.stringify(value, null, 2)}\n`, 0o600);
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  await chown(file, uid, gid);
}
