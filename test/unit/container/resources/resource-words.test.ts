import test from 'ava';
import fc from 'fast-check';
import { memoryText, resourceOptions } from '../../../../src/container/resources/resource-words.js';
import { statedResources } from '../../../../src/container/resources/stated-resources.js';
import { readTimeLimit, writeTimeLimit } from '../../../../src/container/resources/time-limit.js';
import { AgentError } from '../../../../src/errors.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GIB = 1024 ** 3;
const ALL = new Set(['cpus', 'memory', 'gpus', 'time']);

const task = (properties: Record<string, unknown>, words?: string | string[]) => ({
  hyperparams: {
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [
        name,
        { section: 'properties', name, value: value as string },
      ]),
    ),
  },
  ...(words === undefined ? {} : { container: { arguments: words as string } }),
});

const TIMES: [text: string, ms: number | undefined][] = [
  ['90', 90 * MINUTE],
  ['90m', 90 * MINUTE],
  ['2h', 2 * HOUR],
  ['1h30m', 90 * MINUTE],
  ['45s', 45 * SECOND],
  ['3D', 3 * DAY],
  ['1:30', MINUTE + 30 * SECOND],
  ['1:30:00', 90 * MINUTE],
  ['2-00:00:00', 2 * DAY],
  ['1-12', 36 * HOUR],
  ['1-12:30', 36.5 * HOUR],
  ['0', undefined],
  ['0:00:00', undefined],
  ['', undefined],
  ['-5', undefined],
  ['1.5h', undefined],
  ['30m2h', undefined],
  ['1:2:3', undefined],
  ['tomorrow', undefined],
  ['90 minutes', undefined],
];

for (const [text, ms] of TIMES)
  test(`a time limit of "${text}" is ${ms === undefined ? 'none' : writeTimeLimit(ms)}`, (t) => {
    t.is(readTimeLimit(text), ms);
  });

test('a time limit that is written is read as the same time', (t) => {
  t.is(writeTimeLimit(90 * MINUTE), '1:30:00');
  t.is(writeTimeLimit(2 * DAY + HOUR), '2-01:00:00');
  t.is(writeTimeLimit(1), '0:00:01');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 900 * 24 * 3600 }), (seconds) => {
      t.is(readTimeLimit(writeTimeLimit(seconds * SECOND)), seconds * SECOND);
    }),
  );
});

test('memory is written in a unit that holds all of it', (t) => {
  t.is(memoryText(16 * GIB), '16G');
  t.is(memoryText(GIB / 2), '512M');
  t.is(memoryText(1500), '2K');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (bytes) => {
      const read = statedResources(task({ memory: memoryText(bytes) }), ALL).memory ?? 0;
      t.true(read >= bytes && read < bytes + 1024);
    }),
  );
});

test('user properties state what a task needs', (t) => {
  const given = { cpus: '4', memory: '16G', gpus: 'a100:2', time: '2h', other: 'x' };
  const resources = statedResources(task(given), ALL);
  t.deepEqual(resources, {
    cpus: 4,
    memory: 16 * GIB,
    gpus: { count: 2, type: 'a100' },
    time: 2 * HOUR,
  });
  t.deepEqual(resourceOptions('slurm', resources), [
    '--cpus-per-task=4',
    '--mem=16G',
    '--gpus=a100:2',
    '--time=2:00:00',
  ]);
  t.deepEqual(resourceOptions('docker', resources), ['--cpus=4', `--memory=${16 * GIB}`]);
  t.deepEqual(statedResources(task({}), ALL), {});
  t.deepEqual(statedResources({}, ALL), {});
  t.deepEqual(statedResources(task({ memory: 512, cpus: ' 1.5 ' }), ALL), { memory: GIB / 2, cpus: 1.5 });
  t.deepEqual(resourceOptions('slurm', { cpus: 1.5 }), ['--cpus-per-task=2']);
});

test('container arguments state the same things and beat the properties', (t) => {
  const given = { cpus: '4', memory: '16G' };
  t.deepEqual(statedResources(task(given, '--cpus 2 -m 8g -e "A=B C"'), ALL), { cpus: 2, memory: 8 * GIB });
  t.deepEqual(statedResources(task({}, ['--memory=1g', '--memory 2g', '--cpus=.5']), ALL), {
    memory: 2 * GIB,
  });
  t.deepEqual(statedResources(task({}, '-m 1048576'), ALL), { memory: 1024 ** 2 });
  t.deepEqual(statedResources(task(given, '--memory 0 --cpus "open'), ALL), { cpus: 4, memory: 16 * GIB });
});

test('words that are not allowed are not read', (t) => {
  t.deepEqual(statedResources(task({ time: 'nonsense', cpus: 2 }), new Set(['cpus'])), { cpus: 2 });
});

const WRONG: [name: string, value: unknown][] = [
  ['cpus', '0'],
  ['cpus', 'many'],
  ['cpus', '-1'],
  ['memory', '0'],
  ['memory', '16 gigabytes'],
  ['memory', '-1G'],
  ['gpus', 'two'],
  ['gpus', '-1'],
  ['time', '25:00 h'],
  ['time', {}],
];

for (const [name, value] of WRONG)
  test(`user property ${name} = ${JSON.stringify(value)} is refused in one line that names it`, (t) => {
    const error = t.throws(() => statedResources(task({ [name]: value }), ALL), { instanceOf: AgentError });
    t.is(error.code, 'TASK_INVALID');
    t.regex(error.message, new RegExp(`^the user property ${name} takes .+, such as .+, got ".+"$`));
  });
