import test from 'ava';
import { missingDevices, ownedGpus, pinningVariables } from '../../../src/gpu/allocation.js';
import { gpuFractions } from '../../../src/gpu/gpu-fractions.js';
import {
  checkGpuList,
  gpuVisibility,
  selectedDevices,
  setVisible,
  visibilityVariables,
} from '../../../src/gpu/visibility.js';
import { nvidiaGpu } from '../../support/nvidia-gpu.js';

const sliced = [
  nvidiaGpu(0, { mig: { index: 0, uuid: 'MIG-first', name: '3g.40gb' } }),
  nvidiaGpu(0, { mig: { index: 1, uuid: 'MIG-second', name: '1g.10gb' } }),
  nvidiaGpu(1),
  nvidiaGpu(2),
];

test('a device variable is read as CUDA and the container runtime read it', (t) => {
  t.deepEqual(selectedDevices(undefined), { kind: 'all' });
  t.deepEqual(selectedDevices('ALL'), { kind: 'all' });
  for (const none of ['none', 'None', 'void', '-1'])
    t.deepEqual(selectedDevices(none), { kind: 'none' }, none);
  t.deepEqual(selectedDevices('0-2, 5'), { kind: 'list', devices: ['0', '1', '2', '5'] });
  t.deepEqual(selectedDevices('/run/devices'), { kind: 'folder', folder: '/run/devices' });
});

test('the flags and the variables: who wins', (t) => {
  const env = { NVIDIA_VISIBLE_DEVICES: '3', CUDA_VISIBLE_DEVICES: '4' };
  t.is(gpuVisibility({ gpus: '0', cpuOnly: true, env }).visible, '0');
  t.is(gpuVisibility({ cpuOnly: true, env }).visible, 'none');
  t.is(gpuVisibility({ env }).visible, '3');
  t.is(gpuVisibility({ env: { CUDA_VISIBLE_DEVICES: '4' } }).nvidia, '4');
  t.is(gpuVisibility({ gpus: '0', env: { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' } }).visible, '3');
  t.deepEqual(visibilityVariables(setVisible('all')), {
    NVIDIA_VISIBLE_DEVICES: 'all',
    CUDA_VISIBLE_DEVICES: undefined,
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  });
});

test('owned GPUs: by index, slice, UUID or its beginning', (t) => {
  const owned = (visible: string) =>
    ownedGpus(sliced, selectedDevices(visible)).map(
      (one) => `${one.index}${one.mig ? `.${one.mig.index}` : ''}`,
    );
  t.deepEqual(owned('0'), ['0.0', '0.1']);
  t.deepEqual(owned('0.1,2'), ['0.1', '2']);
  t.deepEqual(owned('mig-second'), ['0.1']);
  t.deepEqual(owned('GPU-1aaa'), ['1']);
  t.deepEqual(owned('none'), []);
  t.deepEqual(
    owned('GPU-of-another-machine'),
    ['0.0', '0.1', '1', '2'],
    'a limit that fits nothing hides nothing',
  );
  t.deepEqual(missingDevices(sliced, selectedDevices('1-4')), ['3', '4']);
});

test('pinning: what a process gets to see', (t) => {
  t.deepEqual(pinningVariables(setVisible('0-2'), []), {
    NVIDIA_VISIBLE_DEVICES: '0,1,2',
    CUDA_VISIBLE_DEVICES: '0,1,2',
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  });
  t.like(pinningVariables(setVisible('0:1'), sliced), {
    NVIDIA_VISIBLE_DEVICES: '0:1',
    CUDA_VISIBLE_DEVICES: 'MIG-second',
  });
  t.like(pinningVariables(setVisible('none'), []), { CUDA_VISIBLE_DEVICES: 'none' });
  t.deepEqual(pinningVariables({ nvidia: undefined, cuda: undefined, visible: undefined }, []), {
    NVIDIA_VISIBLE_DEVICES: undefined,
    CUDA_VISIBLE_DEVICES: undefined,
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  });
  t.deepEqual(
    pinningVariables(gpuVisibility({ env: { NVIDIA_VISIBLE_DEVICES: '2' } }), []),
    { NVIDIA_VISIBLE_DEVICES: '2', CUDA_VISIBLE_DEVICES: undefined, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
    'inside a container the GPU of that number is another one',
  );
  const amd = [nvidiaGpu(0, { vendor: 'amd' }), nvidiaGpu(1, { vendor: 'amd' })];
  t.is(pinningVariables(setVisible('1'), amd).HIP_VISIBLE_DEVICES, '1');
  t.is(pinningVariables(setVisible('none'), amd).HIP_VISIBLE_DEVICES, '-1');
});

for (const good of ['all', 'None', '0', '0,1', '0-3', '0, 1', '0:1,1.0', 'GPU-5f9c,1', 'MIG-GPU-5f/1/0']) {
  test(`--gpus ${good} is accepted`, (t) => {
    t.notThrows(() => checkGpuList(good));
  });
}

for (const [bad, why] of [
  ['zero', '"zero" names no GPU'],
  ['0,,1', 'an entry is empty'],
  ['', 'an entry is empty'],
  ['3-1', 'the range 3-1 runs backwards'],
  ['0,all', '"all" names no GPU'],
  ['-1', '"-1" names no GPU'],
  ['0-2,1', 'GPU 1 is named twice'],
  ['0:1,0.1', 'GPU 0.1 is named twice'],
  ['1.5a', '"1.5a" names no GPU'],
] as const) {
  test(`--gpus "${bad}" is refused`, (t) => {
    const error = t.throws(() => checkGpuList(bad));
    t.like(error, { code: 'USAGE' });
    t.is(error.message, `--gpus "${bad}": ${why}`);
  });
}

test('fractions: one a GPU, the last repeats, slices by the size of the card', (t) => {
  const two = [nvidiaGpu(0), nvidiaGpu(1)];
  t.deepEqual(gpuFractions(undefined, two), [1, 1]);
  t.deepEqual(gpuFractions('0.5', two), [0.5, 0.5]);
  t.deepEqual(gpuFractions('0.5,0.25', two), [0.5, 0.25]);
  t.deepEqual(gpuFractions('nvidia.com/mig-1g.10gb:2', [nvidiaGpu(0)]), [20 / 79]);
  t.deepEqual(gpuFractions('nvidia.com/mig-1g.10gb:2', [nvidiaGpu(0, { name: 'Some card' })]), [1]);
});
