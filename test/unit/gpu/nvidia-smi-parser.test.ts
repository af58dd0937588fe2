import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { nvidiaGpus } from '../../../src/gpu/nvidia-gpus.js';
import { parseNvidiaSmiList } from '../../../src/gpu/nvidia-smi-list.js';
import { parseNvidiaSmi } from '../../../src/gpu/nvidia-smi-parser.js';

const folder = path.join(import.meta.dirname, '../../fixtures/nvidia-smi');
const fixture = (name: string) => fs.readFileSync(path.join(folder, name), 'utf8');
const report = (name: string) => parseNvidiaSmi(fixture(`${name}.xml`));

test('driver 470: every field that has a value, and none where there is none', async (t) => {
  const { driverVersion, cudaVersion, attachedGpus, gpus } = await report('driver-470-two-t4');
  t.deepEqual(
    { driverVersion, cudaVersion, attachedGpus },
    {
      driverVersion: '470.103.01',
      cudaVersion: '11.4',
      attachedGpus: 2,
    },
  );
  t.is(gpus.length, 2);
  t.deepEqual(gpus[0], {
    index: 0,
    pciBusId: '00000000:03:00.0',
    uuid: 'GPU-3f0b9c1e-52d7-4a6f-8e11-0c5d7a90b104',
    name: 'Tesla T4',
    architecture: undefined,
    serial: '1324820123450',
    minorNumber: 0,
    persistenceMode: true,
    computeMode: 'Default',
    performanceState: 'P0',
    migEnabled: undefined,
    migDevices: [],
    fanSpeed: undefined,
    utilization: { gpu: 87, memory: 43, encoder: 0, decoder: 0 },
    memory: { total: 15109, reserved: undefined, used: 12034, free: 3075 },
    bar1Memory: { total: 256, reserved: undefined, used: 5, free: 251 },
    temperature: { gpu: 71, memory: undefined, slowdown: 93, shutdown: 96 },
    power: { draw: 68.12, limit: 70, default: 70, max: 70 },
    clocks: { graphics: 1290, sm: 1290, memory: 5000 },
    maxClocks: { graphics: 1590, sm: 1590, memory: 5001 },
    ecc: { enabled: true, uncorrected: 1 },
    slowdowns: ['sw_power_cap'],
    processes: [
      {
        pid: 20417,
        type: 'C',
        name: '/opt/conda/bin/python3.8',
        usedMemory: 11987,
        gpuInstanceId: undefined,
        computeInstanceId: undefined,
      },
      {
        pid: 1337,
        type: 'G',
        name: '/usr/lib/xorg/Xorg',
        usedMemory: 45,
        gpuInstanceId: undefined,
        computeInstanceId: undefined,
      },
    ],
  });
  t.deepEqual(gpus[1]?.slowdowns, []);
  t.deepEqual(gpus[1]?.processes, []);
});

test('driver 535: a GPU in slices is reported as its slices, named by the list', async (t) => {
  const smi = await report('driver-535-a100-mig');
  t.deepEqual(
    smi.gpus.map(({ migEnabled, migDevices }) => [migEnabled, migDevices.length]),
    [
      [true, 3],
      [false, 0],
    ],
  );
  const gpus = nvidiaGpus(smi, parseNvidiaSmiList(fixture('driver-535-a100-mig.list.txt')));
  t.deepEqual(
    gpus.map((gpu) => [
      gpu.index,
      gpu.mig,
      gpu.memoryUsed,
      gpu.memoryTotal,
      gpu.utilization,
      gpu.temperature,
    ]),
    [
      [
        0,
        { index: 0, uuid: 'MIG-1f0a6c52-8d1b-5e0c-9b7e-3a6d20c5e911', name: '3g.40gb' },
        9011,
        40192,
        undefined,
        31,
      ],
      [
        0,
        { index: 1, uuid: 'MIG-54c1f3de-0b92-5a17-8c44-f7e1a09bd3c2', name: '1g.10gb' },
        12,
        9728,
        undefined,
        31,
      ],
      [
        0,
        { index: 2, uuid: 'MIG-c8b7e610-4d2f-5f63-a5d9-127be40f66a8', name: '1g.10gb' },
        12,
        9728,
        undefined,
        31,
      ],
      [1, undefined, 40511, 81920, 96, 52],
    ],
  );
  t.deepEqual(
    gpus.map((gpu) => gpu.processes.map(({ pid }) => pid)),
    [[48122], [], [], [48311]],
  );
  t.is(gpus[3]?.processes[0]?.name, '/srv/app/.venv/bin/python -m train --data <none>');
  t.deepEqual(smi.gpus[1]?.slowdowns, ['hw_slowdown', 'hw_thermal_slowdown']);
  t.is(smi.gpus[0]?.migDevices[0]?.multiprocessors, 42);
});

test('a slice that nothing names keeps its number', async (t) => {
  const [first] = nvidiaGpus(await report('driver-535-a100-mig'), []);
  t.deepEqual(first?.mig, { index: 0, uuid: undefined, name: undefined });
});

test('driver 550: a card that supports little has values only where it gives them', async (t) => {
  const gpus = nvidiaGpus(await report('driver-550-desktop'), []);
  t.like(gpus[0], { utilization: 63, fanSpeed: 41, temperature: 66, powerDraw: 312.77, powerLimit: 450 });
  t.like(gpus[1], {
    utilization: undefined,
    fanSpeed: undefined,
    temperature: 48,
    powerDraw: undefined,
    powerLimit: undefined,
    memoryUsed: 301,
  });
  t.is(gpus[0]?.processes[2]?.type, 'C+G');
});

test('driver 570: a lost GPU does not hide the others', async (t) => {
  const smi = await report('driver-570-h100-one-lost');
  t.is(smi.gpus.length, 2);
  t.deepEqual(smi.gpus[0]?.power, { draw: 694.02, limit: 700, default: 700, max: 700 });
  t.deepEqual(smi.gpus[0]?.ecc, { enabled: true, uncorrected: 3 });
  t.is(smi.gpus[0]?.processes[0]?.usedMemory, undefined);
  t.like(smi.gpus[1], { index: 1, uuid: '', name: 'NVIDIA GPU', fanSpeed: undefined });
});

for (const [what, output] of [
  [
    'a driver that is not loaded',
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
  ],
  ['nothing', ''],
  ['another document', '<?xml version="1.0"?><html><body/></html>'],
  ['half a document', '<?xml version="1.0"?><nvidia_smi_log><gpu id="0"><uuid>GPU-1</uu'],
] as const) {
  test(`refused: ${what}`, async (t) => {
    const error = await t.throwsAsync(() => parseNvidiaSmi(output));
    t.like(error, { code: 'GPU_TOOL' });
    t.regex(error.message, /nvidia-smi -q -x: expected an XML document/);
  });
}
