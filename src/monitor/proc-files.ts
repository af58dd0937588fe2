import type { MachineReading } from './machine-reading.js';

/** Readers of the files in which Linux tells about itself. */

const MIB = 1024 * 1024;

/** The `cpu` line of `/proc/stat`. Waiting for a disk is not work; guest time is in user time already. */
export function parseCpu(stat: string): MachineReading['cpu'] {
  const fields = stat.slice(0, stat.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
  const total = fields.reduce((sum, ticks) => sum + ticks, 0);
  const [, , , idle = 0, wait = 0] = fields;
  return { busy: total - idle - wait, total };
}

/** `/proc/meminfo`; kernels before 3.14 do not say what is available. */
export function parseMemory(meminfo: string): MachineReading['memory'] {
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const total = kilobytes('MemTotal');
  const free = kilobytes('MemAvailable') || kilobytes('MemFree') + kilobytes('Buffers') + kilobytes('Cached');
  return { used: (total - free) / 1024, free: free / 1024 };
}

/** The kernel counts in sectors of this size whatever the disk's own is. */
const SECTOR = 512;

/** Bytes read and written by the disks in `/proc/diskstats` that `counts` picks. */
export function parseDisks(
  diskstats: string,
  counts: (name: string) => boolean,
): { read: number; written: number } {
  const disks = diskstats
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 10 && counts(fields[2] ?? ''));
  const sum = (field: number) => disks.reduce((bytes, fields) => bytes + Number(fields[field]) * SECTOR, 0);
  return { read: sum(5), written: sum(9) };
}

/** Interfaces whose packets do not leave the machine, or pass through another interface as well. */
const INNER_INTERFACE = /^(lo|veth|docker|br-|virbr|cni|flannel|cali|tun|wg)/;

/** Bytes received and sent over the network, from `/proc/net/dev`. */
export function parseNetwork(dev: string): { received: number; sent: number } {
  const interfaces = dev
    .split('\n')
    .map((line) => /^\s*([^:\s]+):\s*(.+)$/.exec(line))
    .filter((match) => match !== null && !INNER_INTERFACE.test(match[1] ?? ''))
    .map((match) => (match?.[2] ?? '').trim().split(/\s+/).map(Number));
  const sum = (field: number) => interfaces.reduce((bytes, fields) => bytes + (fields[field] ?? 0), 0);
  return { received: sum(0), sent: sum(8) };
}

export function megabytes(bytes: number): number {
  return bytes / MIB;
}
