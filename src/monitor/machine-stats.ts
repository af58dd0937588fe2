import type { Gpu } from '../gpu/gpu.js';
import type { MachineReading } from './machine-reading.js';
import { megabytes } from './proc-files.js';

/** `machine_stats` of a status report, in the server's names and units; lists have one entry a GPU. */
export type MachineStats = Readonly<Record<string, number | number[]>>;

/** One look at machine and GPUs. */
export interface MachineSample {
  /** Milliseconds, of any clock that does not jump. */
  at: number;
  machine: MachineReading;
  gpus: readonly Gpu[];
}

export interface StatsOptions {
  /** Reported for a GPU that gives no utilisation (a slice); `null` leaves it out. */
  defaultGpuUtilization: number | null;
  /** The part that the agent has of each GPU; `undefined` = not reported. */
  fractions?: (gpus: readonly Gpu[]) => number[];
}

/**
 * The averages of a reporting window: of what counts (processor, disk, network) between its two ends, of what is
 * measured (memory, temperature, GPUs) over its samples.
 *
 * @param samples at least one, oldest first; the first closed the window before
 */
export function machineStats(samples: readonly MachineSample[], options: StatsOptions): MachineStats {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return {};
  const inside = samples.length > 1 ? samples.slice(1) : samples;
  const machine = inside.map((sample) => sample.machine);
  return rounded({
    cpu_usage: [cpuUsage(first.machine, last.machine)],
    cpu_temperature: list(mean(machine.map((one) => one.cpuTemperature))),
    memory_used: mean(machine.map((one) => one.memory.used)),
    memory_free: mean(machine.map((one) => one.memory.free)),
    disk_free_home: mean(machine.map((one) => one.diskFree)),
    ...rates(first, last),
    ...gpuStats(inside, options),
  });
}

function cpuUsage(from: MachineReading, to: MachineReading): number {
  const total = to.cpu.total - from.cpu.total;
  return total <= 0 ? 0 : Math.min(100, Math.max(0, (100 * (to.cpu.busy - from.cpu.busy)) / total));
}

const COUNTERS = {
  disk_read: 'diskRead',
  disk_write: 'diskWrite',
  network_rx: 'networkReceived',
  network_tx: 'networkSent',
} as const;

/** MiB per second. A counter that went back (a disk or an interface was removed) tells nothing. */
function rates(from: MachineSample, to: MachineSample): Record<string, number> {
  const seconds = (to.at - from.at) / 1000;
  const entries = Object.entries(COUNTERS).map(([name, counter]): [string, number] => {
    const bytes = to.machine.counters[counter] - from.machine.counters[counter];
    return [name, seconds <= 0 ? 0 : Math.max(0, megabytes(bytes) / seconds)];
  });
  return Object.fromEntries(entries);
}

type GpuField = 'utilization' | 'temperature' | 'memoryFree' | 'memoryUsed';

/** In the order in which the GPUs stand now, so that GPU 10 comes behind GPU 9. */
function gpuStats(
  samples: readonly MachineSample[],
  options: StatsOptions,
): Record<string, number[] | undefined> {
  const now = samples.at(-1)?.gpus ?? [];
  const average = (field: GpuField, fallback: number | null) =>
    now.flatMap((gpu) => {
      const values = samples.map(
        (sample) => sample.gpus.find((one) => identity(one) === identity(gpu))?.[field],
      );
      return list(mean(values) ?? fallback ?? undefined) ?? [];
    });
  if (now.length === 0) return {};
  return {
    gpu_usage: average('utilization', options.defaultGpuUtilization),
    gpu_temperature: average('temperature', 0),
    gpu_memory_free: average('memoryFree', 0),
    gpu_memory_used: average('memoryUsed', 0),
    gpu_fraction: options.fractions?.(now),
  };
}

function identity(gpu: Gpu): string {
  return `${gpu.uuid || gpu.index}/${gpu.mig?.index ?? ''}`;
}

function list(value: number | undefined): number[] | undefined {
  return value === undefined ? undefined : [value];
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** The original rounds to three decimals; unknown values are not reported. */
function rounded(stats: Record<string, number | number[] | undefined>): MachineStats {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  const entries = Object.entries(stats).flatMap(([name, value]): [string, number | number[]][] => {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    return [[name, Array.isArray(value) ? value.map(round) : round(value)]];
  });
  return Object.fromEntries(entries);
}
