import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Finding } from '../../../src/cli/doctor/check.js';
import { gpuCheck } from '../../../src/cli/doctor/machine-checks.js';
import { loadConfig } from '../../../src/config/load.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/nvidia-smi');

interface Case {
  /** Text of the `nvidia-smi` on PATH; without it there is none. */
  tool?: string;
  asked?: string;
}

async function check(t: ExecutionContext, { tool, asked }: Case): Promise<readonly Finding[]> {
  const folder = temporaryFolder(t);
  if (tool !== undefined)
    await writeFile(path.join(folder, 'nvidia-smi'), `#!/bin/sh\nPATH=/usr/bin:/bin\n${tool}\n`, {
      mode: 0o755,
    });
  const env = {
    // Without the machine's own tools.
    PATH: folder,
    ROCM_PATH: folder,
    ...(asked === undefined ? {} : { NVIDIA_VISIBLE_DEVICES: asked }),
  };
  const config = loadConfig({ env, home: folder });
  const signal = AbortSignal.timeout(60_000);
  const connection = () => Promise.reject(new Error('not asked for'));
  return gpuCheck.run({ config, home: folder, queues: [], repository: undefined, connection, signal });
}

const prints = (name: string) => `cat ${FIXTURES}/${name}`;
const T4S = prints('driver-470-two-t4.xml');

const CASES: [title: string, given: Case, expected: [Finding['state'], RegExp][]][] = [
  [
    'two GPUs',
    { tool: T4S },
    [
      ['ok', /^GPU 0 Tesla T4$/],
      ['ok', /^GPU 1 Tesla T4$/],
      ['ok', /^driver 470\.103\.01, CUDA 11\.4$/],
    ],
  ],
  [
    'GPUs that are asked for, one of which is there',
    { tool: T4S, asked: '1,5' },
    [
      ['ok', /^GPU 0/],
      ['ok', /^GPU 1/],
      ['ok', /^driver/],
      ['problem', /^GPU 5 was asked for and is not there$/],
    ],
  ],
  ['no tool', {}, [['ok', /^none$/]]],
  ['no tool, and no GPU is asked for', { asked: 'none' }, [['ok', /^none$/]]],
  [
    'no tool, though GPUs are asked for',
    { asked: '0,1' },
    [
      ['problem', /^GPU 0 was asked for and is not there$/],
      ['problem', /^GPU 1 was asked for and is not there$/],
    ],
  ],
  ['a driver without devices', { tool: 'echo No devices were found; exit 6' }, [['ok', /^none$/]]],
  [
    'a tool that fails',
    { tool: 'echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18' },
    [['problem', /nvidia-smi ended with exit status 18: Failed to initialize NVML: Driver\/library/]],
  ],
  ['a tool that says nothing', { tool: 'exit 0' }, [['problem', /nvidia-smi/]]],
  ['a tool that prints no XML', { tool: 'echo "hello {"' }, [['problem', /nvidia-smi/]]],
  [
    'a report that is cut short',
    { tool: `head -c 9000 ${FIXTURES}/driver-470-two-t4.xml` },
    [['problem', /nvidia-smi/]],
  ],
  ['binary data', { tool: 'head -c 4096 /dev/urandom' }, [['problem', /nvidia-smi/]]],
];

for (const [title, given, expected] of CASES) {
  test(`GPUs: ${title}`, async (t) => {
    const found = await check(t, given);
    const shown = JSON.stringify(found, undefined, 1);
    t.deepEqual(
      found.map(({ state }) => state),
      expected.map(([state]) => state),
      shown,
    );
    for (const [index, [, text]] of expected.entries()) t.regex(found[index]?.text ?? '', text, shown);
    for (const one of found) if (one.state === 'problem') t.truthy(one.fix, 'says what to do');
  });
}
