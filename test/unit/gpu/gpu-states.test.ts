import test from 'ava';
import { gpuStates, outOfServiceText } from '../../../src/gpu/claims/gpu-states.js';
import { overdrawn, overlaps, takenShare } from '../../../src/gpu/claims/shares.js';
import type { Claim, ClaimedDevice, TableView } from '../../../src/gpu/claims/types.js';
import { gpuTableFigures } from '../../../src/monitor/gpu-table-figures.js';
import { nvidiaGpu } from '../../support/nvidia-gpu.js';

const CARD = { id: '3', key: 'GPU-3aaa-bbb' };
const SLICE = { id: '3.0', key: 'MIG-1' };
const holder = { pid: 1, started: '', host: 'h', uid: 0, nonce: 'n' };

function claimOf(...devices: ClaimedDevice[]): Claim {
  return { id: '0'.repeat(16), worker: 'w', task: 't', devices, holder };
}

for (const [what, one, other, expected] of [
  ['one UUID', CARD, { ...CARD, id: '0' }, true],
  ['one number of two cards', CARD, { id: '3', key: 'GPU-other' }, false],
  ['a number without a UUID', CARD, { id: '3', key: 'index:3' }, true],
  ['a card and its slice', CARD, SLICE, true],
  ['a card and a slice of another', { id: '33', key: 'x' }, SLICE, false],
  ['two slices', SLICE, { id: '3.1', key: 'MIG-2' }, false],
] as const) {
  test(`overlap: ${what}`, (t) =>
    t.deepEqual([overlaps(one, other), overlaps(other, one)], [expected, expected]));
}

test('shares add up to a whole one, and a slice takes its card', (t) => {
  const part = (share: number) => claimOf({ ...CARD, share });
  const claims = [part(0.1), part(0.2)];
  t.is(overdrawn(claims, [{ ...CARD, share: 0.7 }]), undefined);
  t.deepEqual(overdrawn(claims, [{ ...CARD, share: 0.71 }]), { ...CARD, share: 0.71 });
  t.is(takenShare([claimOf({ ...SLICE, share: 0.5 })], CARD), 1);
});

const VIEW: TableView = {
  claims: [claimOf({ ...CARD, share: 0.25 }), claimOf({ id: '9', key: 'GPU-gone', share: 1 })],
  outOfService: [{ id: '4', key: 'GPU-4aaa-bbb', reason: 'Xid 79', at: 5 }],
  reservations: [{ worker: 'large', devices: [CARD], until: 9, holder }],
  damaged: [],
};

test('every device is shown with what the table says of it, one that is gone too', (t) => {
  const gpus = [nvidiaGpu(3, { memoryUsed: 10, memoryTotal: 100 }), nvidiaGpu(4)];
  const usedBy = [{ worker: 'w', task: 't', share: 0.25 }];
  const name = 'NVIDIA A100-SXM4-80GB';
  t.deepEqual(gpuStates(gpus, VIEW), [
    { ...CARD, name, memoryUsed: 10, memoryTotal: 100, taken: 0.25, usedBy, reservedFor: 'large' },
    { id: '4', key: 'GPU-4aaa-bbb', name, taken: 0, usedBy: [], outOfService: { reason: 'Xid 79', at: 5 } },
    { id: '9', key: 'GPU-gone', taken: 1, usedBy: [{ worker: 'w', task: 't', share: 1 }] },
  ]);
  t.is(outOfServiceText(VIEW.outOfService), '4 (Xid 79)');
});

test('figures of the table', (t) => {
  const figures = gpuTableFigures(gpuStates([nvidiaGpu(3)], VIEW));
  t.deepEqual(
    figures
      .filter(({ labels }) => labels?.gpu !== '9')
      .map(({ name, value, labels }) => [labels?.gpu, name, value]),
    [
      ['3', 'clearml_agent_gpu_claimed_ratio', 0.25],
      ['3', 'clearml_agent_gpu_in_service', 1],
      ['3', 'clearml_agent_gpu_reserved', 1],
      ['4', 'clearml_agent_gpu_claimed_ratio', 0],
      ['4', 'clearml_agent_gpu_in_service', 0],
      ['4', 'clearml_agent_gpu_reserved', 0],
    ],
  );
});
