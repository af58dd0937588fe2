import { closeSync, constants, openSync, readSync } from 'node:fs';
import { systemCode } from '../errors.js';

/** An error that NVIDIA's driver wrote to the kernel's log. */
export interface XidEvent {
  code: number;
  /** As the driver writes it: `0000:01:00`. */
  pciBusId: string;
  /** Microseconds of the kernel's own clock. */
  atMicros: number;
}

const KERNEL_LOG = '/dev/kmsg';
/** A record of the kernel has at most 8 KiB. */
const LONGEST_RECORD = 16 * 1024;
/** The kernel's buffer has a few thousand records; a plain file may have any number. */
const MOST_RECORDS = 100_000;

/**
 * The errors of NVIDIA's driver in the kernel's log. None where this user may not read it; most systems let only root.
 */
export function readXidEvents(file = KERNEL_LOG): XidEvent[] {
  try {
    return parseXidEvents(readRecords(file));
  } catch {
    return [];
  }
}

/** @param text records of `/dev/kmsg`: `priority,number,microseconds,flags;message` */
export function parseXidEvents(text: string): XidEvent[] {
  const record = /^\d+,\d+,(\d+),[^;\n]*;NVRM: Xid \(PCI:([0-9a-fA-F:]+)[^)]*\): (\d+)\b/gm;
  return [...text.matchAll(record)].map(([, micros, pci = '', code]) => ({
    code: Number(code),
    pciBusId: pci,
    atMicros: Number(micros),
  }));
}

/** The kernel's clock now, in the unit of its log. */
export function kernelMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
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
