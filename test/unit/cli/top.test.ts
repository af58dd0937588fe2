import test from 'ava';
import { meantTask } from '../../../src/cli/task-argument.js';
import { spanText } from '../../../src/cli/top/cells.js';
import type { Reading } from '../../../src/cli/top/reading.js';
import { renderTop } from '../../../src/cli/top/render.js';
import type { RunView } from '../../../src/daemon/runs/run-board.js';

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5);

function run(task: string, more: Partial<RunView> = {}): RunView {
  const started = TIME - 3_900_000;
  return {
    task,
    queue: 'q1',
    worker: 'rig:0',
    name: 'train',
    started,
    phase: 'running',
    phaseSince: TIME - 90_000,
    ...more,
  };
}

const READING: Reading = {
  worker: 'rig:0',
  pid: 4711,
  state: 'running',
  time: TIME,
  slots: { running: 2, limit: 4 },
  runs: [
    run('3f2a61c0aaaa', { devices: ['0'], lastLine: 'epoch 3, loss 0.12', place: 'docker' }),
    run('77770000bbbb', {
      name: 'evaluate the résumé 模型 over all of the folds',
      phase: 'preparing',
      lastLine: '',
    }),
  ],
  queues: [
    { id: 'q1', name: 'default', waiting: 3, seen: TIME - 1000 },
    { id: 'q2', name: 'night', waiting: 12, seen: TIME - 600_000 },
    { id: 'q3', name: 'new' },
  ],
  gpus: [
    {
      id: '0',
      name: 'NVIDIA A100-SXM4-80GB',
      use: 97,
      memoryUsed: 71_680,
      memoryTotal: 81_920,
      temperature: 61,
    },
    { id: '1.2', name: 'NVIDIA A100-SXM4-80GB 1g.10gb' },
  ],
};

test('at 80 columns the last line of a log is below its task', (t) => {
  t.is(
    renderTop(READING, { columns: 80 }).join('\n'),
    [
      'rig:0 (process 4711)  running  2 of 4 slots in use  03:04:05 UTC',
      'waiting in queues: default 3, night 12 (10m ago), new ?',
      '',
      'GPU  NAME                             USE           MEMORY    TEMP  TASKS',
      '0    NVIDIA A100-SXM4-80GB           97 %    70.0/80.0 GiB   61 °C  3f2a61c0',
      '1.2  NVIDIA A100-SXM4-80GB 1g.10gb      -                -       -',
      '',
      'TASK      NAME                                 PHASE              AGE     GPUS',
      '3f2a61c0  train                                running 1m         1h05m   0',
      '  epoch 3, loss 0.12',
      '77770000  evaluate the résumé 模型 over all …  preparing 1m       1h05m   -',
    ].join('\n'),
  );
});

test('at 120 columns it is beside it', (t) => {
  t.is(
    renderTop(READING, { columns: 120 }).slice(-3).join('\n'),
    [
      'TASK      NAME                       PHASE              AGE     GPUS  LAST LINE',
      '3f2a61c0  train                      running 1m         1h05m   0     epoch 3, loss 0.12',
      '77770000  evaluate the résumé 模型…  preparing 1m       1h05m   -',
    ].join('\n'),
  );
});

test('a pause and a drain are shown with their cause', (t) => {
  const since = new Date(TIME - 5000).toISOString();
  const until = new Date(TIME + 5000).toISOString();
  const drain: Reading = { ...READING, state: 'draining', since, until, cause: 'agent drain' };
  t.is(
    renderTop(drain, { columns: 80 })[1],
    'draining since 03:04:00 UTC, until 03:04:10 UTC, asked for by agent drain',
  );
});

test('GPUs out of service are below the others, with the reason', (t) => {
  const outOfService = [{ id: '3', key: 'GPU-3', reason: 'Xid 79', at: TIME - 7_500_000 }];
  t.deepEqual(renderTop({ ...READING, outOfService }, { columns: 80 }).slice(6, 9), [
    '',
    'GPU 3 out of service for 2h05m: Xid 79',
    '',
  ]);
});

test('nothing of a task moves the cursor of the terminal', (t) => {
  const bad = '\u001b[2J\u001b]0;title\u0007\u009b31m\u202e\r\nred';
  const hostile: Reading = {
    ...READING,
    worker: bad,
    cause: bad,
    state: 'paused',
    runs: [run(bad, { name: bad, lastLine: bad })],
    queues: [{ id: 'q1', name: bad }],
    gpus: [{ id: '0', name: bad }],
    outOfService: [{ id: bad, key: bad, reason: bad, at: 0 }],
  };
  for (const columns of [80, 120])
    for (const line of renderTop(hostile, { columns }))
      t.notRegex(line, /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
});

for (const [columns, rows] of [
  [80, 24],
  [40, 10],
  [20, 3],
  [1, 1],
] as const) {
  test(`a screen of ${columns} columns and ${rows} lines holds all that is shown`, (t) => {
    const runs = Array.from({ length: 64 }, (_, index) =>
      run(`${index}`.padStart(32, '0'), { lastLine: 'x'.repeat(300) }),
    );
    const lines = renderTop({ ...READING, runs }, { columns, rows });
    t.true(lines.length <= rows);
    for (const line of lines) t.true([...line].length <= columns, line);
    if (rows === 24) t.regex(lines.at(-1) ?? '', /^… \d+ more of 64 tasks; "agent tasks" lists all$/);
  });
}

test('ids that begin alike are shown until they differ', (t) => {
  const runs = [run('aaaaaaaaaa1'), run('aaaaaaaaaa2')];
  const text = renderTop({ ...READING, runs, gpus: [] }, { columns: 80 }).join('\n');
  t.regex(text, /^aaaaaaaaaa1 /m);
  t.regex(text, /^aaaaaaaaaa2 /m);
});

const SPANS: [ms: number, text: string][] = [
  [-5, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [3_599_000, '59m'],
  [7_500_000, '2h05m'],
  [4 * 86_400_000 + 3 * 3_600_000, '4d03h'],
];

for (const [ms, text] of SPANS) test(`${ms} ms are ${text}`, (t) => t.is(spanText(ms), text));

const TASKS = [{ task: 'abc1' }, { task: 'abc2' }, { task: 'abc' }, { task: 'xyz' }];

test('a task is meant by its id or by a beginning that only it has', (t) => {
  t.is(meantTask('abc', TASKS, 'runs').task, 'abc');
  t.is(meantTask('x', TASKS, 'runs').task, 'xyz');
  t.throws(() => meantTask('ab', TASKS, 'runs'), {
    code: 'USAGE',
    message: '"ab" begins 3 ids: abc1, abc2, abc',
  });
  t.throws(() => meantTask('q', TASKS, 'runs here'), {
    code: 'TASK_NOT_FOUND',
    message: 'no task "q" runs here',
  });
  t.throws(() => meantTask('', TASKS, 'runs here'), { code: 'TASK_NOT_FOUND' });
});

test('one slot in use is one slot, also without a limit', (t) => {
  const [line = ''] = renderTop({ ...READING, slots: { running: 1 } }, { columns: 80 });
  t.true(line.includes('1 slot in use'), line);
});
