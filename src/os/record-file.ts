import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemCode } from '../errors.js';
import { isMissing } from './files.js';

/** What a small file holds, or why it is not one. */
export type RecordFile = { text: string; uid: number } | { problem: string };

/**
 * Reads a small file that any user may have put there: a link is not followed, a pipe not waited for, and a file that is
 * too long not read.
 *
 * @param limit bytes
 * @returns `undefined` when there is none
 * @throws the system's error when it cannot be read
 */
export async function readRecord(file: string, limit: number): Promise<RecordFile | undefined> {
  const handle = await open(
    file,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
  ).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    if (NO_FILE.has(systemCode(error) ?? '')) return null;
    throw error;
  });
  if (handle === undefined) return undefined;
  if (handle === null) return { problem: 'expected a file, found a link or a socket' };
  try {
    const entry = await handle.stat();
    if (!entry.isFile()) return { problem: 'expected a file, found a folder, a pipe or a device' };
    if (entry.size > limit) return { problem: `expected at most ${limit} bytes, found ${entry.size}` };
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(entry.size), 0, entry.size, 0);
    return { text: buffer.toString('utf8', 0, bytesRead), uid: entry.uid };
  } finally {
    await handle.close();
  }
}

const NO_FILE: ReadonlySet<string> = new Set(['ELOOP', 'ENXIO', 'EMLINK']);
