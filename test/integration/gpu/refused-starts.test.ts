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
  const stop = agent.agent('daemon', '--stop', ...words);
  t.is((await stop.exited).code, 0, stop.output());
  t.is((await daemon.exited).code, 0);
});
