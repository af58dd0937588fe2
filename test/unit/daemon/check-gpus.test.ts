import test from 'ava';
import { requireNamed } from '../../../src/daemon/admission/check-gpus.js';
import type { Gpu } from '../../../src/gpu/gpu.js';
import { nvidiaGpu } from '../../support/nvidia-gpu.js';

const slice = (index: number) => ({ index, uuid: `MIG-${index}`, name: '3g.20gb' });
const WHOLE = [nvidiaGpu(0), nvidiaGpu(1)];
const CUT = [nvidiaGpu(0, { mig: slice(0) }), nvidiaGpu(0, { mig: slice(1) }), nvidiaGpu(1)];

async function check(named: string | undefined, known: readonly Gpu[], answered = true): Promise<string[]> {
  const lines: string[] = [];
  const tool = { known, answered, read: async () => undefined };
  await requireNamed(named, tool, (line) => lines.push(line));
  return lines;
}

const ACCEPTED: readonly [named: string | undefined, gpus: readonly Gpu[]][] = [
  [undefined, WHOLE],
  ['all', []],
  ['none', []],
  ['0-1', WHOLE],
  ['gpu-0AAA', WHOLE],
  ['0,1', CUT],
  ['0:1,1', CUT],
  ['GPU-0aaa', CUT],
  ['MIG-1', CUT],
];

test('GPUs that the tool lists are accepted', async (t) => {
  for (const [named, gpus] of ACCEPTED) t.deepEqual(await check(named, gpus), [], named);
});

const REFUSED: readonly [named: string, gpus: readonly Gpu[], message: string][] = [
  ['0,2-3', WHOLE, '--gpus: GPU 2, 3 is not on this machine (found: 0, 1)'],
  ['0:1', WHOLE, '--gpus: GPU 0:1 is not on this machine (found: 0, 1)'],
  ['0:2', CUT, '--gpus: GPU 0:2 is not on this machine (found: 0 with 0:0, 0:1, 1)'],
  ['GPU-9', WHOLE, '--gpus: GPU GPU-9 is not on this machine (found: 0, 1)'],
  ['0', [], '--gpus: GPU 0 is not on this machine (found: none)'],
  ['GPU-', WHOLE, '--gpus: GPU GPU- may be each of 0, 1'],
  ['MIG-', CUT, '--gpus: GPU MIG- may be each of 0:0, 0:1'],
];

test('GPUs that the tool does not list, and beginnings of several UUIDs, are refused', async (t) => {
  for (const [named, gpus, message] of REFUSED)
    await t.throwsAsync(check(named, gpus), { code: 'USAGE', message }, named);
});

test('without an answer of the tool the GPUs are taken as they are named, with a warning', async (t) => {
  t.deepEqual(await check('5', [], false), [
    'no GPU tool answers on this machine, so the GPUs of --gpus are taken as they are named',
  ]);
  t.deepEqual(await check('none', [], false), []);
});
