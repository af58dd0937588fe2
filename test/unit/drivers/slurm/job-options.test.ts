import test from 'ava';
import {
  type AllowedWords,
  operatorOptions,
  placingOptions,
  submitWords,
  taskOptions,
} from '../../../../src/drivers/slurm/job-options.js';

const asking = (properties: Record<string, string>, words = '') => ({
  container: { arguments: words },
  hyperparams: {
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, { section: 'properties', name, value }]),
    ),
  },
});
const ALL: AllowedWords = new Set([
  'cpus',
  'memory',
  'gpus',
  'time',
  'account',
  'qos',
  'partition',
  'constraint',
]);

const ASKED: Record<string, { properties: Record<string, string>; words?: string; options: string[] }> = {
  'processors and memory': {
    properties: { cpus: '4', memory: '16G' },
    options: ['--cpus-per-task=4', '--mem=16G'],
  },
  'processors by an argument of its container': {
    properties: { memory: '512' },
    words: '--cpus 4',
    options: ['--cpus-per-task=4', '--mem=512M'],
  },
  'GPUs of a type': { properties: { gpus: 'a100:2' }, options: ['--gpus=a100:2'] },
  'days of time': { properties: { time: '1-12:00:00' }, options: ['--time=1-12:00:00'] },
  'an account and a constraint': {
    properties: { account: 'lab', constraint: 'a100&nvlink' },
    options: ['--account=lab', '--constraint=a100&nvlink'],
  },
  'nothing by an empty value': { properties: { cpus: ' ' }, options: [] },
  'nothing by a property of its own': { properties: { seed: '7' }, options: [] },
};

for (const [title, { properties, words, options }] of Object.entries(ASKED)) {
  test(`a task asks for ${title}`, (t) => {
    t.deepEqual(taskOptions(asking(properties, words), ALL), { options, notes: [] });
  });
}

for (const [name, value] of Object.entries({
  cpus: '0',
  memory: '4 x',
  gpus: '--exclusive',
  time: 'forever',
  account: 'a b',
  partition: '--wrap=id',
  qos: 'low\n--array=1-9',
  constraint: 'a;b',
})) {
  test(`a task's ${name} ${JSON.stringify(value)} is refused with the form that it takes`, (t) => {
    const error = t.throws(() => taskOptions(asking({ [name]: value }), ALL), {
      code: 'TASK_INVALID',
    } as never);
    t.regex(error?.message ?? '', new RegExp(`^the user property ${name} takes .*, got ".*"$`));
  });
}

test('what is not allowed is left out with a note, whatever its form', (t) => {
  const { options, notes } = taskOptions(asking({ cpus: '2', account: '--x' }), new Set(['cpus']));
  t.deepEqual(options, ['--cpus-per-task=2']);
  t.deepEqual(notes, [
    'the user property account is ignored: agent.slurm.task_options does not list account',
  ]);
});

for (const word of [
  '-p',
  '-p gpu',
  'gpu',
  '--',
  '--Partition=x',
  '--comment=a',
  '--requeue',
  '--wrap=id',
  '--output=x',
  '--a\n--b',
]) {
  test(`the operator's option ${JSON.stringify(word)} is refused, and the key is named`, (t) => {
    const error = t.throws(() => operatorOptions(['--qos=x', word], 'agent.slurm.options'), {
      code: 'CONFIG_VALUE',
    } as never);
    t.regex(error?.message ?? '', /^agent\.slurm\.options /);
  });
}

const PLAN = {
  key: 'clearml-t-1',
  common: ['--mem-per-cpu=2G', '--time=60'],
  ofQueue: ['--partition=gpu'],
  ofTask: ['--time=90'],
  partition: 'main',
  memory: '4G',
  words: '/s/jobs/k/slurm.log',
  script: '/s/jobs/k/job.sh',
  folder: '/s/jobs/k',
};

test('a later option comes later, so that it wins, and the agent has the last word', (t) => {
  t.deepEqual(submitWords(PLAN), [
    '--time=60',
    '--partition=main',
    '--partition=gpu',
    '--time=90',
    '--mem-per-cpu=2G',
    '--job-name=clearml-t-1',
    '--comment=clearml-t-1',
    '--no-requeue',
    '--export=ALL',
    '--chdir=/s/jobs/k',
    '--output=/s/jobs/k/slurm.log',
    '/s/jobs/k/job.sh',
    '/s/jobs/k',
  ]);
});

test('one way alone names the memory: the last one, or the default', (t) => {
  const memory = (plan: Partial<typeof PLAN>) =>
    submitWords({ ...PLAN, ...plan }).filter((word) => word.startsWith('--mem'));
  t.deepEqual(memory({ ofTask: ['--mem=9G'] }), ['--mem=9G']);
  t.deepEqual(memory({ common: [] }), ['--mem=4G']);
});

test('the look at the shared folder goes where jobs go, and asks for nothing else', (t) => {
  const words = ['--account=a', '--gpus=8', '--partition=p', '--exclusive', '--qos=q', '--mem=90G'];
  t.deepEqual(placingOptions(words), ['--account=a', '--partition=p', '--qos=q']);
});
