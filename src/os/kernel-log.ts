import { closeSync, constants, openSync, readSync } from 'node:fs';
import { systemCode } from '../errors.js';

const KERNEL_LOG = '/dev/kmsg';
/** A record of the kernel has at most 8 KiB. */
const LONGEST_RECORD = 16 * 1024;
/** The kernel's buffer has a few thousand records; a plain file may have any number. */
const MOST_RECORDS = 100_000;

/**
 * The kernel's log, which most systems let only root read.
 *
 * @returns records `priority,number,microseconds,flags;message`, one a line; empty where this user may not read it
 */
export function readKernelLog(file = KERNEL_LOG): string {
  try {
    return readRecords(file);
  } catch {
    return '';
  }
}

/** One read gives one record; a read behind the last one would wait. */
function readRecords(file: string): string {
  const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(LONGEST_RECORD);
  const parts: Buffer[] = [];
  try {
    while (parts.length < MOST_RECORDS) {
      const size = readOnce(handle, buffer);
      if (size === 0) break;
      if (size !== undefined) parts.push(Buffer.from(buffer.subarray(0, size)));
    }
  } finally {
    closeSync(handle);
  }
  return Buffer.concat(parts).toString();
}

/** @returns 0 at the end; `undefined` for a record that was overwritten meanwhile */
function readOnce(handle: number, buffer: Buffer): number | undefined {
  try {
    return readSync(handle, buffer, 0, buffer.length, null);
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return 0;
    if (systemCode(error) === 'EPIPE') return undefined;
    throw error;
  }
}

/**
 * Processes of a control group that the kernel has killed because memory was used up, as the kernel's log tells them,
 * also after the group is gone. The log keeps the last ones, and at most ten in five seconds.
 *
 * @param group a part of the group's path
 * @param text records of `/dev/kmsg`
 * @returns 0 where this user may not read the log
 */
export function memoryKills(group: string, text = readKernelLog()): number {
  const records = text.matchAll(/^\d+,\d+,\d+,[^;\n]*;oom-kill:.*,task_memcg=([^,\n]*),/gm);
  return [...records].filter(([, path = '']) => path.includes(group)).length;
}
