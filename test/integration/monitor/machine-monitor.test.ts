import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { loadConfig } from '../../../src/config/load.js';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';
import { MachineMonitor } from '../../../src/monitor/machine-monitor.js';
import { portableReader } from '../../../src/monitor/portable-reader.js';

const fixture = path.join(import.meta.dirname, '../../fixtures/nvidia-smi/driver-470-two-t4.xml');

async function monitor(env: Record<string, string>, visible?: string) {
  const gpus = new GpuReader({ env: { ...env, ROCM_PATH: '/nonexistent' }, warn: () => undefined });
  const config = loadConfig({ env: {}, home: '/nonexistent' });
  return new MachineMonitor({ config, home: os.tmpdir(), gpus, visible });
}

test('this machine: averages in range, and of the window only', async (t) => {
  const machine = await monitor({ PATH: '/nonexistent' });
  const stop = new AbortController();
  await machine.run(stop.signal);
  const until = performance.now() + 300;
  while (performance.now() < until) Math.sqrt(until);
  await sleep(200);
  const busy = await machine.stats();
  const [usage = 0] = [busy.cpu_usage].flat();
  t.true(usage > 0 && usage <= 100, `cpu_usage ${usage}`);
  t.true(Number(busy.memory_used) > 10 && Number(busy.memory_free) > 10);
  t.true(Math.abs(Number(busy.memory_used) + Number(busy.memory_free) - os.totalmem() / 2 ** 20) < 2);
  t.true(Number(busy.disk_free_home) > 0 && Number(busy.disk_free_home) < 100);
  t.false('gpu_usage' in busy);
  machine.delivered();
  t.is(machine.latest?.gpus.length, 0);
});

test('reports include the GPUs that the agent owns, and no others', async (t) => {
  const bin = await mkdtemp(path.join(os.tmpdir(), 'monitor-'));
  t.teardown(() => rm(bin, { recursive: true, force: true }));
  await writeFile(path.join(bin, 'nvidia-smi'), `#!/bin/sh\ncat ${fixture}\n`, { mode: 0o755 });
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  const stats = await (await monitor(env, '1')).stats();
  t.deepEqual([stats.gpu_usage, stats.gpu_temperature, stats.gpu_memory_free], [[0], [34], [15109]]);
  t.deepEqual((await (await monitor(env, 'all')).stats()).gpu_usage, [87, 0]);
  t.false('gpu_usage' in (await (await monitor(env, 'none')).stats()));
  const devices = await mkdtemp(path.join(os.tmpdir(), 'devices-'));
  t.teardown(() => rm(devices, { recursive: true, force: true }));
  await writeFile(path.join(devices, '0'), '');
  t.deepEqual((await (await monitor(env, devices)).stats()).gpu_usage, [87]);
});

test('the reader for other systems reads this one too', async (t) => {
  const reading = await portableReader('/')();
  t.true(reading.cpu.total > reading.cpu.busy && reading.memory.free > 10);
  t.true(reading.memory.used > 10 && (reading.diskFree ?? 0) > 0);
  t.true(Object.values(reading.counters).every((bytes) => bytes >= 0));
});
