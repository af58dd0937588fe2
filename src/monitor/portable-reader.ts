import os from 'node:os';
import { freePart } from './linux-reader.js';
import type { MachineReader } from './machine-reading.js';
import { megabytes } from './proc-files.js';

/**
 * Reads a machine that is not Linux.
 *
 * @param diskPath a path on the file system whose free space is reported
 */
export function portableReader(diskPath: string): MachineReader {
  return async () => {
    const { default: information } = await import('systeminformation');
    const [disks, network, memory, temperature] = await Promise.all([
      information.fsStats(),
      information.networkStats('*'),
      information.mem(),
      information.cpuTemperature(),
    ]);
    const sum = (field: 'rx_bytes' | 'tx_bytes') => network.reduce((bytes, one) => bytes + one[field], 0);
    return {
      cpu: cpuTimes(),
      memory: { used: megabytes(memory.total - memory.available), free: megabytes(memory.available) },
      counters: {
        diskRead: disks?.rx ?? 0,
        diskWrite: disks?.wx ?? 0,
        networkReceived: sum('rx_bytes'),
        networkSent: sum('tx_bytes'),
      },
      diskFree: await freePart(diskPath),
      cpuTemperature: temperature.max ?? undefined,
    };
  };
}

function cpuTimes() {
  const times = os.cpus().map((core) => core.times);
  const idle = times.reduce((sum, core) => sum + core.idle, 0);
  const total = times.reduce(
    (sum, { user, nice, sys, idle: rest, irq }) => sum + user + nice + sys + rest + irq,
    0,
  );
  return { busy: total - idle, total };
}
