import test from 'ava';
import type { ClaimedDevice } from '../../../src/gpu/claims/types.js';
import { type MachineDevice, machineDevices, withSlices } from '../../../src/gpu/machine-devices.js';
import { pickDevices } from '../../../src/gpu/pick-devices.js';
import { selectedDevices } from '../../../src/gpu/visibility.js';
import { nvidiaGpu } from '../../support/nvidia-gpu.js';

function card(id: number): MachineDevice {
  return { id: String(id), key: `GPU-${id}`, card: id };
}

function slice(id: string, part: number): MachineDevice {
  return { id, key: `MIG-${id}`, card: 0, slice: part, fractionsOnly: true };
}

function taken(id: string, share = 1): { devices: ClaimedDevice[] } {
  return { devices: [{ id, key: `${id.includes('.') ? 'MIG' : 'GPU'}-${id}`, share }] };
}

const FOUR = [card(0), card(1), card(2), card(3)];

interface Case {
  demand: [min: number, max: number];
  devices?: readonly MachineDevice[];
  taken?: readonly { devices: ClaimedDevice[] }[];
  shares?: boolean;
  /** `id` or `id*share`; `undefined`: the task waits. */
  given: string | undefined;
}

const CASES: readonly Case[] = [
  { demand: [2, 2], given: '0 1' },
  { demand: [2, 2], taken: [taken('0')], given: '1 2' },
  { demand: [4, 4], taken: [taken('2')], given: undefined },
  { demand: [1, 8], taken: [taken('2')], given: '0 1 3' },
  { demand: [2, 3], taken: [taken('0'), taken('1'), taken('3', 0.5)], given: undefined },
  { demand: [0.5, 0.5], given: '0*0.5' },
  { demand: [0.05, 0.05], given: '0*0.05' },
  { demand: [0.05, 0.05], shares: false, given: undefined },
  { demand: [0.05, 0.05], devices: [card(1), slice('0.0', 1 / 7)], shares: false, given: '0.0' },
  { demand: [0.5, 0.5], taken: [taken('2', 0.5)], given: '2*0.5' },
  { demand: [0.5, 0.5], shares: false, given: undefined },
  { demand: [0.25, 2], given: '0 1' },
  { demand: [0.25, 1], devices: [card(0)], taken: [taken('0', 0.3)], given: '0*0.625' },
  { demand: [0.3, 0.3], devices: [card(0)], taken: [taken('0', 0.3), taken('0', 0.4)], given: '0*0.3' },
  { demand: [0.5, 0.5], devices: [slice('0.0', 0.5), card(1)], given: '0.0' },
  { demand: [0.5, 0.5], devices: [slice('0.0', 3 / 7), card(1)], given: '0.0' },
  { demand: [0.25, 0.25], devices: [slice('0.0', 0.5), slice('0.1', 0.25)], given: '0.1' },
  { demand: [0.5, 0.5], devices: [slice('0.0', 0.25), card(1)], given: '1*0.5' },
  { demand: [0.5, 0.5], devices: [slice('0.0', 0.5)], taken: [taken('0.0')], given: undefined },
  { demand: [1, 1], devices: [slice('0.0', 1)], given: undefined },
];

for (const { demand, devices = FOUR, taken: claims = [], shares = true, given } of CASES) {
  const [min, max] = demand;
  const used = claims.flatMap((one) => one.devices.map(({ id, share }) => `${id}*${share}`)).join(' ');
  const title = `${min}-${max} of ${devices.map(({ id, slice: part }) => `${id}${part === undefined ? '' : `(${part.toFixed(2)})`}`).join(' ')} with ${used || 'nothing'} taken, shares ${shares}`;
  test(title, (t) => {
    const picked = pickDevices({ demand: { min, max }, devices, claims, shares });
    t.is(picked?.map(({ id, share }) => (share === 1 ? id : `${id}*${share}`)).join(' '), given);
  });
}

test('a card that is cut stands for its slices where parts are asked for', (t) => {
  const mig = (index: number, name: string) => ({ mig: { index, name, uuid: `MIG-${index}` } });
  const gpus = [nvidiaGpu(0, mig(0, '3g.40gb')), nvidiaGpu(0, mig(1, '1g.10gb')), nvidiaGpu(1)];
  const devices = machineDevices(gpus, selectedDevices('0-2'));
  t.deepEqual(
    devices.map(({ id, key }) => [id, key]),
    [
      ['0', 'GPU-0aaa-bbb'],
      ['1', 'GPU-1aaa-bbb'],
      ['2', 'index:2'],
    ],
  );
  t.deepEqual(
    withSlices(gpus, devices).map(({ id, slice: part }) => [id, part && Math.round(part * 100)]),
    [
      ['0.0', 51],
      ['0.1', 13],
      ['1', undefined],
      ['2', undefined],
    ],
  );
});
