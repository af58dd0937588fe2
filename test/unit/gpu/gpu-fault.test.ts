import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { type GpuEvidence, type GpuMark, gpuFault } from '../../../src/gpu/gpu-fault.js';
import { parseXidEvents, readXidEvents } from '../../../src/gpu/xid-events.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const A: GpuMark = { index: 0, uuid: 'GPU-a', pciBusId: '00000000:19:00.0', uncorrectedErrors: 0 };
const B: GpuMark = { index: 1, uuid: 'GPU-b', pciBusId: '00000000:5D:00.0', uncorrectedErrors: 2 };
const xid = (code: number, pciBusId: string) => ({ code, pciBusId, atMicros: 1 });
const WELL: GpuEvidence = { before: [A, B], now: [A, B], xids: [], output: 'ValueError: bad shape' };

const CASES: readonly [what: string, over: Partial<GpuEvidence>, says: RegExp | undefined][] = [
  ['all is well', {}, undefined],
  ['a card is gone', { now: [A] }, /^GPU 1 \(GPU-b\) is gone from nvidia-smi$/],
  ['the only slices of a card are gone', { before: [B, B], now: [] }, /^GPU 1 \(GPU-b\) is gone from/],
  ['the tool says it is lost', { now: { problem: 'nvidia-smi: GPU is lost.' } }, /GPU is lost/],
  ['the driver was replaced', { now: { problem: 'Driver/library version mismatch' } }, /mismatch/],
  ['the tool gives no answer', { now: { problem: 'nvidia-smi gave no answer in time' } }, undefined],
  ['nobody looked', { now: undefined }, undefined],
  ['an Xid of the hardware', { xids: [xid(79, '0000:5d:00')] }, /^Xid 79 of GPU 1 \(GPU-b\)/],
  ['an Xid that a program causes', { xids: [xid(31, '0000:5d:00')] }, undefined],
  ["an Xid of a card that is not the task's", { xids: [xid(79, '0000:9b:00')] }, undefined],
  [
    'new memory errors',
    { now: [{ ...A, uncorrectedErrors: 1 }, B] },
    /^GPU 0 \(GPU-a\) has new uncorrectable/,
  ],
  ['old memory errors', { now: [A, { ...B, uncorrectedErrors: 0 }] }, undefined],
  [
    'CUDA reports memory',
    { output: 'RuntimeError: CUDA error: uncorrectable ECC error encountered' },
    /^CUDA/,
  ],
  ['a program without GPUs says so', { before: [], output: 'GPU has fallen off the bus' }, undefined],
];

for (const [what, over, says] of CASES) {
  test(`${what}: ${says === undefined ? 'no fault' : 'a fault'}`, (t) => {
    const fault = gpuFault({ ...WELL, ...over });
    if (says === undefined) t.is(fault, undefined);
    else t.regex(fault?.reason ?? '', says);
  });
}

/** The cards that have failed for certain; a task can print anything. */
const FAILED: readonly [what: string, over: Partial<GpuEvidence>, cards: readonly GpuMark[]][] = [
  ['a card is gone', { now: [A] }, [B]],
  ['the slices of a card are gone', { before: [B, B], now: [] }, [B]],
  ['the tool names the lost card', { now: { problem: 'GPU 00000000:5D:00.0: GPU is lost.' } }, [B]],
  ['the tool names none', { now: { problem: 'GPU is lost.' } }, []],
  ['an Xid of the hardware', { xids: [xid(79, '0000:5d:00')] }, [B]],
  ['new memory errors', { now: [{ ...A, uncorrectedErrors: 1 }, B] }, [A]],
  ['only the task says so', { output: 'uncorrectable ECC error encountered' }, []],
];

for (const [what, over, cards] of FAILED)
  test(`the cards of a fault: ${what}`, (t) => {
    t.deepEqual(gpuFault({ ...WELL, ...over })?.cards, cards);
  });

const RECORDS = [
  '6,1,100,-;Linux version 6.1',
  '4,2,5000000,-;NVRM: Xid (PCI:0000:5d:00): 79, pid=4711, name=python3, GPU has fallen off the bus.',
  ' SUBSYSTEM=pci',
  '4,3,6000000,c;NVRM: Xid (PCI:0000:19:00.0): 31, pid=1, name=python3, Ch 00000008',
  "12,4,7000000,-;a program's own words: NVRM: Xid (PCI:0000:19:00): 48",
  '',
].join('\n');

test("errors of the driver are read from the kernel's records, and nothing that a program writes", (t) => {
  t.deepEqual(parseXidEvents(RECORDS), [
    { code: 79, pciBusId: '0000:5d:00', atMicros: 5_000_000 },
    { code: 31, pciBusId: '0000:19:00', atMicros: 6_000_000 },
  ]);
});

test('a log of the kernel that is not there or may not be read has no errors', (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'kmsg');
  t.deepEqual(readXidEvents(file), []);
  writeFileSync(file, RECORDS);
  t.is(readXidEvents(file).length, 2);
  t.true(Array.isArray(readXidEvents()), 'the log of this machine ends the reading, too');
});
