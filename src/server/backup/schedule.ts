import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { causeLine } from '../../errors.js';
import type { ServerLog } from '../log.js';
import { type BackupSchedule, readSchedule, readStatus, recorded } from './records.js';
import { writeBackup } from './write-backup.js';

/** A schedule that a user sets is noticed after this. */
const LOOK_MS = 5000;
/** A backup that failed is tried again after this, or when the next one is due if that is sooner; seconds. */
const RETRY_SECONDS = 600;

export interface ScheduledBackups {
  folder: string;
  agentVersion: string;
  log: ServerLog;
}

/** Makes the backups of the schedule in a server's folder, one at a time, until it is closed. */
export function startBackups(options: ScheduledBackups): { close(): Promise<void> } {
  let running: Promise<void> | undefined;
  const ending = new AbortController();
  const look = () => {
    running ??= backUpIfDue(options, ending.signal).finally(() => {
      running = undefined;
    });
  };
  const timer = setInterval(look, LOOK_MS).unref();
  look();
  return {
    async close() {
      clearInterval(timer);
      ending.abort();
      await running;
    },
  };
}

async function backUpIfDue(
  { folder, agentVersion, log }: ScheduledBackups,
  signal: AbortSignal,
): Promise<void> {
  const schedule = await readSchedule(folder);
  if (schedule === undefined || Date.now() / 1000 < (await dueAt(folder, schedule))) return;
  try {
    const target = datedName(schedule.file, new Date());
    const request = { folder, target, files: schedule.files, agentVersion, signal };
    const { bytes } = await recorded(folder, 'schedule', () => writeBackup(request), signal);
    log.info(`backup: wrote ${target}, ${bytes} bytes`);
    for (const old of await pruneBackups(schedule)) log.info(`backup: removed ${old}`);
  } catch (error) {
    // The next server makes it.
    if (signal.aborted) return;
    log.error(`backup: failed: ${causeLine(error)}`);
  }
}

/** When the next backup is due, in seconds since 1970. */
async function dueAt(folder: string, { everySeconds }: BackupSchedule): Promise<number> {
  const status = await readStatus(folder, 'schedule');
  if (status === undefined) return 0;
  return (
    status.attempted + (status.failure === undefined ? everySeconds : Math.min(everySeconds, RETRY_SECONDS))
  );
}

/** `/backups/clearml.tar.gz` is `/backups/clearml-20261130T061500Z.tar.gz`. */
export function datedName(file: string, date: Date): string {
  const { stem, ending } = partsOf(file);
  return path.join(path.dirname(file), `${stem}-${date.toISOString().replace(/[-:]|\.\d+/g, '')}${ending}`);
}

function partsOf(file: string): { stem: string; ending: string } {
  const name = path.basename(file);
  const ending = /(?:\.tar)?(?:\.\w+)?$/.exec(name)?.[0] ?? '';
  return { stem: name.slice(0, name.length - ending.length), ending };
}

/** Removes the oldest backups of a schedule, and what a crash left of unfinished ones; the removed files. */
async function pruneBackups({ file, keep }: BackupSchedule): Promise<string[]> {
  const { stem, ending } = partsOf(file);
  const dated = (name: string) =>
    name.startsWith(`${stem}-`) && /^\d{8}T\d{6}Z/.test(name.slice(stem.length + 1));
  const folder = path.dirname(file);
  const names = (await readdir(folder)).filter(dated).sort().reverse();
  const whole = names.filter(
    (name) => name.length === stem.length + 17 + ending.length && name.endsWith(ending),
  );
  const rest = names.filter((name) => /\.(?:partial|snapshot(?:-journal)?)$/.test(name));
  const removed = [...whole.slice(keep), ...rest].map((name) => path.join(folder, name));
  for (const one of removed) await rm(one, { force: true });
  return removed;
}
