import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';
import { gpuVisibility, visibilityVariables } from '../../../src/gpu/visibility.js';
import { devicePins } from '../../../src/task/task-command.js';

const a100 = path.join(import.meta.dirname, '../../fixtures/nvidia-smi/driver-535-a100-mig');

test('a task sees the devices of its agent', async (t) => {
  const bin = await mkdtemp(path.join(os.tmpdir(), 'pins-'));
  t.teardown(() => rm(bin, { recursive: true, force: true }));
  const script = `#!/bin/sh\nif [ "$1" = -L ]; then cat ${a100}.list.txt; else cat ${a100}.xml; fi\n`;
  await writeFile(path.join(bin, 'nvidia-smi'), script, { mode: 0o755 });
  const tools = { PATH: `${bin}:/usr/bin:/bin`, ROCM_PATH: bin };
  const pins = (gpus: string) => {
    const environment = { ...tools, ...visibilityVariables(gpuVisibility({ gpus, env: {} })) };
    return devicePins({ environment, gpus: new GpuReader({ env: tools, warn: t.log }) });
  };
  const order = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
  t.deepEqual(await pins('0-1'), { NVIDIA_VISIBLE_DEVICES: '0,1', CUDA_VISIBLE_DEVICES: '0,1', ...order });
  t.deepEqual(await pins('0:2,1'), {
    NVIDIA_VISIBLE_DEVICES: '0:2,1',
    CUDA_VISIBLE_DEVICES: 'MIG-c8b7e610-4d2f-5f63-a5d9-127be40f66a8,1',
    ...order,
  });
  t.deepEqual(await pins('all'), { NVIDIA_VISIBLE_DEVICES: 'all', ...order });
  t.deepEqual(await pins('none'), { NVIDIA_VISIBLE_DEVICES: 'none', CUDA_VISIBLE_DEVICES: 'none', ...order });
  t.deepEqual(await pins(''), {}, 'no limit, nothing to say');
});
