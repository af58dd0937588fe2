import { existsSync } from 'node:fs';
import { readdir, readFile, statfs } from 'node:fs/promises';
import path from 'node:path';
import { ProcReader } from '../os/proc-reader.js';
import type { MachineReader } from './machine-reading.js';
import { parseCpu, parseDisks, parseMemory, parseNetwork } from './proc-files.js';

/**
 * Reads the machine from Linux's own files: five small reads. A library would cost the idle daemon 10 MB and
 * a process for some of them.
 *
 * @param diskPath a path on the file system whose free space is reported
 */
export function linuxReader(diskPath: string): MachineReader {
  const physical = physicalDisks();
  const sensors = temperatureFiles();
  const proc = new ProcReader();
  return async () => {
    const disks = parseDisks(proc.text('diskstats') ?? '', physical);
    const network = parseNetwork(proc.text('net/dev') ?? '');
    return {
      cpu: parseCpu(proc.text('stat') ?? ''),
      memory: parseMemory(proc.text('meminfo') ?? ''),
      counters: {
        diskRead: disks.read,
        diskWrite: disks.written,
        networkReceived: network.received,
        networkSent: network.sent,
      },
      diskFree: await freePart(diskPath),
      cpuTemperature: await hottest(await sensors),
    };
  };
}

/** Partitions, loop devices and volumes over disks would count what a disk reads a second time. */
function physicalDisks(): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const seen = known.get(name) ?? existsSync(`/sys/block/${name}/device`);
    known.set(name, seen);
    return seen;
  };
}

/** The part that a user without special rights can still fill, in percent. */
export async function freePart(diskPath: string): Promise<number | undefined> {
  try {
    const { blocks, bfree, bavail } = await statfs(diskPath);
    const usable = blocks - bfree + bavail;
    return usable === 0 ? undefined : (100 * bavail) / usable;
  } catch {
    return undefined;
  }
}

/** Drivers of the sensors in processors: Intel, AMD (two), ARM boards. */
const CPU_SENSORS = new Set(['coretemp', 'k10temp', 'zenpower', 'cpu_thermal']);

async function temperatureFiles(): Promise<string[]> {
  const root = '/sys/class/hwmon';
  const files: string[] = [];
  for (const chip of await readdir(root).catch(() => [])) {
    const folder = path.join(root, chip);
    const driver = await readFile(path.join(folder, 'name'), 'utf8').catch(() => '');
    if (!CPU_SENSORS.has(driver.trim())) continue;
    const names = await readdir(folder).catch(() => []);
    files.push(
      ...names.filter((name) => /^temp\d+_input$/.test(name)).map((name) => path.join(folder, name)),
    );
  }
  return files;
}

async function hottest(files: readonly string[]): Promise<number | undefined> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  const degrees = texts.filter((text) => text.trim() !== '').map((text) => Number(text) / 1000);
  return degrees.length === 0 ? undefined : Math.max(...degrees);
}
