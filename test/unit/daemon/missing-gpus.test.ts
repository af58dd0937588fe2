import test from 'ava';
import { tellMissingGpus } from '../../../src/daemon/announcement.js';
import type { GpuReading } from '../../../src/gpu/gpu.js';
import { nvidiaGpu } from '../../support/nvidia-gpu.js';

const two: GpuReading = { gpus: [nvidiaGpu(0), nvidiaGpu(1)], driverVersion: '1', cudaVersion: '12.4' };

async function told(devices: string | undefined, reading: GpuReading | undefined, active = false) {
  const lines: string[] = [];
  const env = devices === undefined ? {} : { NVIDIA_VISIBLE_DEVICES: devices };
  await tellMissingGpus({ read: async () => reading, active }, env, (line) => lines.push(line));
  return lines;
}

test('GPUs that are not there are named, with those that are', async (t) => {
  t.deepEqual(await told('1,2-3', two), ['GPU 2, 3 was asked for and is not on this machine (found: 0, 1)']);
  t.deepEqual(await told('0', undefined), ['GPU 0 was asked for and is not on this machine (found: none)']);
});

for (const [title, devices, reading, active] of [
  ['all that were asked for are there', '0,1', two, true],
  ['none was asked for by name', 'all', undefined, false],
  ['GPUs are switched off', 'none', undefined, false],
  ['nothing was said', undefined, undefined, false],
  ['the tool did not answer yet', '0', undefined, true],
] as const) {
  test(`no warning: ${title}`, async (t) => t.deepEqual(await told(devices, reading, active), []));
}
