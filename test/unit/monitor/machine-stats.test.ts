import test from 'ava';
import type { Gpu } from '../../../src/gpu/gpu.js';
import { type MachineSample, machineStats } from '../../../src/monitor/machine-stats.js';

const MIB = 1024 * 1024;
const options = { defaultGpuUtilization: 100 };

function gpu(index: number, more: Partial<Gpu> = {}): Gpu {
  return {
    vendor: 'nvidia',
    index,
    uuid: `GPU-${index}`,
    name: 'card',
    temperature: 40 + index,
    fanSpeed: undefined,
    utilization: index,
    powerDraw: undefined,
    powerLimit: undefined,
    memoryUsed: 100 * index,
    memoryFree: 1000,
    memoryTotal: 2000,
    processes: [],
    ...more,
  };
}

/** A machine after so many seconds: half busy, 2 MiB/s from the disk, 1 MiB/s over the network. */
function sample(
  seconds: number,
  more: { used?: number; gpus?: Gpu[]; temperature?: number } = {},
): MachineSample {
  const counters = {
    diskRead: 2 * MIB * seconds,
    diskWrite: 0,
    networkReceived: MIB * seconds,
    networkSent: (MIB * seconds) / 3,
  };
  const machine = {
    cpu: { busy: 100 * seconds, total: 200 * seconds },
    counters,
    memory: { used: more.used ?? 1000, free: 500 },
    diskFree: 61.23456,
    cpuTemperature: more.temperature,
  };
  return { at: 1000 * seconds, machine, gpus: more.gpus ?? [] };
}

test('the first sample has no rates', (t) => {
  t.deepEqual(machineStats([sample(5)], options), {
    cpu_usage: [0],
    memory_used: 1000,
    memory_free: 500,
    disk_free_home: 61.235,
    disk_read: 0,
    disk_write: 0,
    network_rx: 0,
    network_tx: 0,
  });
  t.deepEqual(machineStats([], options), {});
});

test('a window: counters between its ends, measurements over its samples', (t) => {
  const samples = [
    sample(5, { used: 9999, temperature: 99 }),
    sample(6, { used: 1000 }),
    sample(15, { used: 1500, temperature: 55 }),
  ];
  t.deepEqual(machineStats(samples, options), {
    cpu_usage: [50],
    cpu_temperature: [55],
    memory_used: 1250,
    memory_free: 500,
    disk_free_home: 61.235,
    disk_read: 2,
    disk_write: 0,
    network_rx: 1,
    network_tx: 0.333,
  });
});

test('counters that went back tell nothing', (t) => {
  const stats = machineStats([sample(15), { ...sample(5), at: 30_000 }], options);
  t.like(stats, { cpu_usage: [0], disk_read: 0, network_rx: 0 });
});

test('GPUs stand in the order of their numbers, beyond ten too', (t) => {
  const gpus = Array.from({ length: 12 }, (_, index) => gpu(index));
  const stats = machineStats([sample(1, { gpus }), sample(2, { gpus })], options);
  t.deepEqual(stats.gpu_usage, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  t.deepEqual(
    stats.gpu_temperature,
    gpus.map((one) => one.temperature),
  );
});

test('a GPU is averaged with itself when the slicing changes meanwhile', (t) => {
  const before = [gpu(0, { utilization: 20 }), gpu(1, { utilization: 60 })];
  const after = [
    gpu(0, { utilization: undefined, mig: { index: 0, uuid: 'MIG-a', name: '1g' }, memoryUsed: 8 }),
    gpu(0, { utilization: undefined, mig: { index: 1, uuid: 'MIG-b', name: '1g' }, memoryUsed: 9 }),
    gpu(1, { utilization: 80 }),
  ];
  const stats = machineStats([sample(1), sample(2, { gpus: before }), sample(3, { gpus: after })], options);
  t.deepEqual(stats.gpu_usage, [100, 100, 70]);
  t.deepEqual(stats.gpu_memory_used, [8, 9, 100]);
});

test('missing utilisation: the configured value, or nothing', (t) => {
  const gpus = [gpu(0, { utilization: undefined, temperature: undefined })];
  t.deepEqual(machineStats([sample(1, { gpus })], { defaultGpuUtilization: 7 }).gpu_usage, [7]);
  const stats = machineStats([sample(1, { gpus })], { defaultGpuUtilization: null });
  t.false('gpu_usage' in stats);
  t.deepEqual(stats.gpu_temperature, [0]);
});

test('fractions only where the server takes them', (t) => {
  const gpus = [gpu(0)];
  t.false('gpu_fraction' in machineStats([sample(1, { gpus })], options));
  const stats = machineStats([sample(1, { gpus })], { ...options, fractions: () => [0.25] });
  t.deepEqual(stats.gpu_fraction, [0.25]);
});
