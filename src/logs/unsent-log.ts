import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { segmentStart } from './segments.js';
import { LOG_FOLDER, UPLOAD_STATE } from './task-log.js';
import { NOTHING_SENT, readUploadState } from './upload-state.js';

/** Bytes of a run's log that the server does not have. Only looks, so the run's own agent may be at work. */
export async function unsentLog(runFolder: string): Promise<number> {
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
