import test from 'ava';
import { deviceOf } from '../../../src/gpu/devices.js';
import type { Gpu } from '../../../src/gpu/gpu.js';
import { gpuMark } from '../../../src/gpu/gpu-fault.js';
import {
  type HealthConditions,
  type HealthFacts,
  healthVerdicts,
  type Verdict,
} from '../../../src/gpu/health.js';
import { nvidiaGpu } from '../../support/nvidia-gpu.js';

const ASK_NOTHING: HealthConditions = { minFreeMemory: 0, requireIdle: false, noFault: false };
const BEFORE = nvidiaGpu(3, { pciBusId: '00000000:65:00.0', uncorrectedErrors: 2, memoryFree: 9000 });
const { key } = deviceOf(BEFORE);
const PROGRAM = { pid: 4711, type: 'C', name: 'python3', usedMemory: 100 };
const LOST = 'Unable to determine the device handle for GPU2: 0000:65:00.0: GPU is lost.';

function verdict(
  conditions: Partial<HealthConditions>,
  now: Partial<Gpu> | HealthFacts['reading'],
  more: Partial<HealthFacts> = {},
): Verdict | undefined {
  const reading = 'gpus' in now || 'problem' in now ? now : { gpus: [{ ...BEFORE, ...now }] };
  return healthVerdicts({
    conditions: { ...ASK_NOTHING, ...conditions },
    reading,
    xids: [],
    claimed: new Set(),
    baselines: new Map([[key, { id: '3', mark: gpuMark(BEFORE), sinceMicros: 1000 }]]),
    ...more,
  }).get(key);
}

const good: Verdict = { state: 'good' };
const refused = (reason: string): Verdict => ({ state: 'refused', reason });
const failed = (reason: string): Verdict => ({ state: 'failed', reason });
const xid = (atMicros: number, code = 79) => [{ code, pciBusId: '0000:65:00', atMicros }];

const CASES: readonly [what: string, found: Verdict | undefined, expected: Verdict][] = [
  ['enough memory', verdict({ minFreeMemory: 9000 }, {}), good],
  [
    'too little memory',
    verdict({ minFreeMemory: 9001 }, {}),
    refused('9000 MiB of its memory are free, 9001 MiB are required'),
  ],
  [
    'memory that is not known',
    verdict({ minFreeMemory: 1 }, { memoryFree: undefined }),
    refused('its free memory is not known, 1 MiB are required'),
  ],
  [
    'a program',
    verdict({ requireIdle: true }, { processes: [PROGRAM] }),
    refused('process 4711 (python3) uses it'),
  ],
  [
    'a program of a task',
    verdict({ requireIdle: true }, { processes: [PROGRAM] }, { claimed: new Set([key]) }),
    good,
  ],
  ['a desktop', verdict({ requireIdle: true }, { processes: [{ ...PROGRAM, type: 'G' }] }), good],
  ['a program where none is asked about', verdict({}, { processes: [PROGRAM] }), good],
  [
    'an Xid error',
    verdict({ noFault: true }, {}, { xids: xid(1000) }),
    failed(`Xid 79 of GPU 3 (${BEFORE.uuid}) in the kernel's log`),
  ],
  ['an older Xid error', verdict({ noFault: true }, {}, { xids: xid(999) }), good],
  ['an Xid error of a program', verdict({ noFault: true }, {}, { xids: xid(1000, 31) }), good],
  [
    'an Xid error of another card',
    verdict({ noFault: true }, {}, { xids: [{ code: 79, pciBusId: '0000:66:00', atMicros: 2000 }] }),
    good,
  ],
  ['an Xid error that nobody asks about', verdict({}, {}, { xids: xid(1000) }), good],
  ['older memory errors', verdict({ noFault: true }, {}), good],
  [
    'a new memory error',
    verdict({ noFault: true }, { uncorrectedErrors: 3 }),
    failed(`GPU 3 (${BEFORE.uuid}) has new uncorrectable memory errors`),
  ],
  [
    'a card that is gone',
    verdict({ noFault: true }, { gpus: [nvidiaGpu(0)] }),
    failed(`GPU 3 (${BEFORE.uuid}) is gone from nvidia-smi`),
  ],
  [
    'a card that is gone where faults do not count',
    verdict({}, { gpus: [nvidiaGpu(0)] }),
    refused('it is not listed now'),
  ],
  ['a tool that names the card', verdict({ noFault: true }, { problem: LOST }), failed(LOST)],
  [
    'a tool that names another card',
    verdict({ noFault: true }, { problem: LOST.replace('65', '66') }),
    refused(LOST.replace('65', '66')),
  ],
  ['a tool that fails', verdict({ noFault: true }, { problem: 'no answer' }), refused('no answer')],
];
for (const [what, found, expected] of CASES) test(`health: ${what}`, (t) => t.deepEqual(found, expected));
