import path from 'node:path';
import test from 'ava';
import { gpuAgent } from '../../support/gpu-agent.js';
import { until } from '../../support/until.js';

const REFUSED: readonly [title: string, words: readonly string[], problem: RegExp][] = [
  ['no --gpus', ['--dynamic-gpus', '--queue', 'one=1'], /--dynamic-gpus: --gpus is missing/],
  ['no queue', ['--dynamic-gpus', '--gpus', '0-7'], /--queue is missing/],
  ['no size', ['--dynamic-gpus', '--gpus', '0-7', '--queue', 'one'], /"one" lacks the number of GPUs/],
  [
    'a range backwards',
    ['--dynamic-gpus', '--gpus', '0-7', '--queue', 'one=4-2'],
    /the most is less than the least/,
  ],
  ['GPUs backwards', ['--dynamic-gpus', '--gpus', '7-0', '--queue', 'one=1'], /the range .* backwards/],
  [
    'more than --gpus',
    ['--dynamic-gpus', '--gpus', '0-3', '--queue', 'one=5'],
    /asks for 5 GPUs, and --gpus 0-3 has 4/,
  ],
  [
    'a range up to more than --gpus',
    ['--dynamic-gpus', '--gpus', '0-3', '--queue', 'one=1-5'],
    /"one=1-5" asks for up to 5 GPUs, and --gpus 0-3 has 4/,
  ],
  [
    'more than the machine',
    ['--dynamic-gpus', '--gpus', '0-9', '--queue', 'one=9'],
    /GPU 8, 9 is not on this machine/,
  ],
  ['a queue twice', ['--dynamic-gpus', '--gpus', '0-7', '--queue', 'one=1', 'one=2'], /"one" is named twice/],
  [
    'no GPUs at all',
    ['--dynamic-gpus', '--cpu-only', '--queue', 'one=1'],
    /--dynamic-gpus and --cpu-only are both given/,
  ],
  [
    'GPUs none',
    ['--dynamic-gpus', '--gpus', 'none', '--queue', 'one=1'],
    /--gpus none leaves no GPU to give out\n.*--slots/,
  ],
  [
    'GPUs all',
    ['--dynamic-gpus', '--gpus', 'all', '--queue', 'one=1'],
    /--gpus all names no GPU by its number/,
  ],
  [
    'no name',
    ['--dynamic-gpus', '--gpus', '0-7', '--queue', '=1', '--create-queue'],
    /--queue "=1": the name of the queue is missing/,
  ],
  ['one GPU that is not there', ['--gpus', '0,8', '--queue', 'one'], /GPU 8 is not on this machine/],
  [
    'a UUID that is not there',
    ['--gpus', 'GPU-ffff', '--queue', 'one'],
    /GPU GPU-ffff is not on this machine/,
  ],
  [
    'a slice of a card that is not cut',
    ['--gpus', '0:1', '--queue', 'one'],
    /GPU 0:1 is not on this machine/,
  ],
  ['no slots', ['--dynamic-gpus', '--gpus', '0-7', '--queue', 'one=0'], /--slots is missing/],
  ['0 slots', ['--slots', '0', '--queue', 'one'], /--slots takes the number of tasks/],
  [
    'slots and GPUs',
    ['--slots', '2', '--gpus', '0', '--queue', 'one'],
    /--slots and --gpus 0 are both given/,
  ],
];

test('what cannot be served is refused before a task is taken', async (t) => {
  const agent = await gpuAgent(t, ['one']);
  const task = await agent.enqueueTo('one');
  for (const [title, words, problem] of REFUSED) {
    const daemon = agent.agent('daemon', ...words, '--foreground');
    t.is((await daemon.exited).code, 2, `${title}: ${daemon.output()}`);
    t.regex(daemon.output(), problem, title);
  }
  Object.assign(agent.home.env, { CLEARML_AGENT__AGENT__GPU_FRACTION_SHARING: 'false' });
  const half = agent.agent('daemon', '--dynamic-gpus', '--gpus', '0-7', '--queue', 'one=0.5', '--foreground');
  t.is((await half.exited).code, 2, half.output());
  t.regex(half.output(), /agent.gpu_fraction_sharing is off/);
  t.is((await agent.task(task)).status, 'queued');
});

const DYNAMIC = ['--dynamic-gpus', '--gpus'];
const REFUSED_LATER: readonly [title: string, words: readonly string[], problem: RegExp][] = [
  ['GPUs that are not there', ['--gpus', '9', '--queue', 'new'], /GPU 9 is not on this machine/],
  ['dynamic GPUs that are not there', [...DYNAMIC, '9', '--queue', 'new=1'], /GPU 9 is not on this machine/],
  [
    'a limit of another queue',
    ['--slots', '2', '--queue', 'new', '--queue-limit', 'other=1'],
    /serves no queue "other"/,
  ],
  [
    'a second limit',
    ['--slots', '2', '--queue', 'new', '--queue-limit', 'new=1', 'NEW=2'],
    /the queue "new" has a limit already/,
  ],
  ['the weight of an only queue', ['--queue', 'new:2'], /no effect on the only queue/],
  ['a wrong weight', ['--queue', 'new', 'one:0'], /a weight is a whole number/],
  ['a queue twice', ['--queue', 'new', 'new:2'], /"new" is named twice/],
  ['a name that is too short', ['--queue', 'new', 'ab'], /cannot create the queue "ab"/],
  ['weights and turns', ['--queue', 'new:2', 'one:1', '--order-fairness'], /--order-fairness and weights/],
];

test('a daemon that is refused has made no queue', async (t) => {
  const agent = await gpuAgent(t, ['one']);
  const refused = async (title: string, words: readonly string[], problem: RegExp) => {
    const daemon = agent.agent('daemon', ...words, '--create-queue', '--foreground');
    t.is((await daemon.exited).code, 2, `${title}: ${daemon.output()}`);
    t.regex(daemon.output(), problem, title);
  };
  for (const [title, words, problem] of REFUSED_LATER) await refused(title, words, problem);
  Object.assign(agent.home.env, { CLEARML_AGENT__AGENT__HOOKS__BEFORE_TASK: '/nonexistent/hook' });
  await refused('a hook that is missing', ['--queue', 'new'], /agent.hooks.before_task/);
  const { queues } = await agent.call<{ queues: { name: string }[] }>('queues.get_all', {});
  t.deepEqual(queues.map(({ name }) => name).toSorted(), ['default', 'one']);
});

test('a table that cannot be used ends daemons and agent execute before a task is taken', async (t) => {
  const agent = await gpuAgent(t, ['one']);
  const task = await agent.enqueueTo('one');
  const table = path.join(agent.home.folder, 'clearml.conf');
  Object.assign(agent.home.env, { CLEARML_AGENT_GPU_TABLE: table });
  for (const words of [
    ['daemon', '--queue', 'one', '--foreground'],
    ['daemon', '--dynamic-gpus', '--gpus', '0-1', '--queue', 'one=1', '--foreground'],
    ['execute', '--id', task, '--gpus', '0'],
  ]) {
    const started = agent.agent(...words);
    t.is((await started.exited).code, 1, started.output());
    t.true(
      started.output().includes(`agent.gpu_table: cannot use ${table}: expected a folder`),
      started.output(),
    );
  }
  t.is((await agent.task(task)).status, 'queued');
});

test('agent execute leaves a task in its queue for GPUs that are not there', async (t) => {
  const agent = await gpuAgent(t, ['one']);
  const task = await agent.enqueueTo('one');
  const execute = agent.agent('execute', '--id', task, '--gpus', '8');
  t.is((await execute.exited).code, 2, execute.output());
  t.regex(execute.output(), /GPU 8 is not on this machine/);
  t.is((await agent.task(task)).status, 'queued');
});

test('one daemon gives out a GPU, and flags find it', async (t) => {
  const agent = await gpuAgent(t, ['one']);
  const daemon = agent.agent('daemon', '--dynamic-gpus', '--gpus', '0-7', '--queue', 'one=1', '--foreground');
  await until(async () => /gpus \(min, max\)/.test(daemon.output()), {
    what: 'the daemon',
    context: daemon.output,
  });
  const second = agent.agent('daemon', '--dynamic-gpus', '--gpus', '6-9', '--queue', 'one=1', '--foreground');
  t.is((await second.exited).code, 2);
  t.regex(second.output(), /GPU 6, 7 belongs to the daemon test:dgpu0-7/);
  const words = ['--dynamic-gpus', '--gpus', '0-7', '--queue', 'one=1'];
  const status = agent.agent('daemon', '--status', ...words);
  t.is((await status.exited).code, 0, status.output());
  t.regex(status.output(), /Worker test:dgpu0-7 .* is running/);
  const bare = agent.agent('daemon', '--status', ...words.slice(0, 3));
  t.is((await bare.exited).code, 0, bare.output());
  t.regex(bare.output(), /Listening to queue 'one'/);
  const stop = agent.agent('daemon', '--stop', ...words);
  t.is((await stop.exited).code, 0, stop.output());
  t.is((await daemon.exited).code, 0);
});
