import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { refuseNewer } from '../os/format-version.js';
import { type Cursor, STREAM_START } from './batch.js';

/** Version of the file. The first one had none. */
const VERSION = 2;

/** How far the server has the log, kept beside the spool. */
export interface UploadState {
  /** Everything before it is sent. */
  cursor: Cursor;
  /** Time of the newest event, milliseconds since 1970. */
  lastTime: number;
  /** A request that was about to be sent: where it ends, its events' times, its limit of a message. */
  inFlight?: { to: Cursor; times: number[]; message: number };
  /** Under whose name the lines are sent: another agent may resume the run. Notes of earlier versions have none. */
  worker?: string;
}

export const NOTHING_SENT: UploadState = { cursor: STREAM_START, lastTime: 0 };

/**
 * The state of an earlier run; `undefined` for a file that is missing or damaged.
 *
 * @throws AgentError NEWER_FORMAT for a file of a later version of the program
 */
export async function readUploadState(file: string): Promise<UploadState | undefined> {
  const value = await readJson(file);
  if (typeof value === 'object' && value !== null && 'version' in value)
    refuseNewer(file, value.version, VERSION);
  return isUploadState(value) ? value : undefined;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Replaces the file as a whole. It is not synced to the disk, as the spool is not: a kill leaves the old state
 * or the new one.
 */
export async function writeUploadState(file: string, state: UploadState): Promise<void> {
  const next = `${file}.next`;
  await writeFile(next, JSON.stringify({ version: VERSION, ...state }), { mode: 0o600 });
  await rename(next, file);
}

/** A state that is not true any more goes: without one, the server's log says what was sent. */
export async function dropUploadState(file: string): Promise<void> {
  await Promise.all([file, `${file}.next`].map((one) => rm(one, { force: true })));
}

function isUploadState(value: unknown): value is UploadState {
  if (typeof value !== 'object' || value === null) return false;
  if (!('cursor' in value && isCursor(value.cursor) && 'lastTime' in value)) return false;
  if ('worker' in value && typeof value.worker !== 'string') return false;
  return typeof value.lastTime === 'number' && (!('inFlight' in value) || isInFlight(value.inFlight));
}

function isInFlight(value: unknown): value is UploadState['inFlight'] {
  const { to, times, message }: Partial<Record<string, unknown>> = { ...Object(value) };
  return (
    value === undefined ||
    (isCursor(to) &&
      typeof message === 'number' &&
      Array.isArray(times) &&
      times.every((time) => typeof time === 'number'))
  );
}

function isCursor(value: unknown): value is Cursor {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'offset' in value && typeof value.offset === 'number' && 'skip' in value && typeof value.skip === 'number'
  );
}
