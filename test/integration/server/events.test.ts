import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';

interface Log {
  events: { msg: string; timestamp: number }[];
  returned: number;
  total: number;
}

async function withTask(t: Parameters<typeof serverUnderTest>[0]) {
  const under = await serverUnderTest(t);
  const { id } = await under.call<{ id: string }>('tasks.create', { name: 'a task', type: 'training' });
  const log = (msg: string, timestamp: number) => ({ type: 'log', task: id, msg, level: 'DEBUG', timestamp });
  const scalar = (iter: number, value: number) => ({
    type: 'training_stats_scalar',
    task: id,
    metric: 'loss',
    variant: 'train',
    iter,
    value,
    timestamp: 1000 + iter,
  });
  return { ...under, id, log, scalar };
}

test('a log is read in pages, newest first, and no event falls between two', async (t) => {
  const { call, id, log } = await withTask(t);
  const times = [1, 2, 2, 2, 3, 4];
  await call(
    'events.add_batch',
    times.map((time, n) => log(`line ${n}`, time)),
  );
  const page = (more: object) => call<Log>('events.get_task_log', { task: id, batch_size: 3, ...more });
  const newest = await page({});
  t.like(newest, { returned: 5, total: 6 }, 'all of one time come together');
  t.deepEqual(
    newest.events.map((event) => event.msg),
    ['line 5', 'line 4', 'line 3', 'line 2', 'line 1'],
  );
  const older = await page({ from_timestamp: newest.events.at(-1)?.timestamp });
  t.deepEqual(
    older.events.map((event) => event.msg),
    ['line 0'],
  );
  const forward = await page({ navigate_earlier: false, from_timestamp: 2 });
  t.deepEqual(
    forward.events.map((event) => event.msg),
    ['line 4', 'line 5'],
  );
  const flipped = await page({ order: 'asc', batch_size: 2 });
  t.deepEqual(
    flipped.events.map((event) => event.msg),
    ['line 4', 'line 5'],
  );
});

test('any text comes back as it was sent', async (t) => {
  const { call, id, log } = await withTask(t);
  const texts = [
    'nul \0 inside',
    'tabs\tand\nnewlines\r',
    '日本 🚀',
    '\u001b[31mred\u001b[0m',
    '',
    '{"json": 1}',
  ];
  await call(
    'events.add_batch',
    texts.map((text, n) => log(text, n)),
  );
  const { events } = await call<Log>('events.get_task_log', { task: id, order: 'asc' });
  t.deepEqual(
    events.map((event) => event.msg),
    texts,
  );
});

test('reporting a point again replaces it; a log line again is another line', async (t) => {
  const { call, id, log, scalar } = await withTask(t);
  await call('events.add_batch', [scalar(0, 1), scalar(1, 5), scalar(1, 7), log('same', 1), log('same', 1)]);
  t.deepEqual(await call('events.scalar_metrics_iter_histogram', { task: id }), {
    loss: { train: { name: 'train', x: [0, 1], y: [1, 7] } },
  });
  t.like(await call('events.get_task_log', { task: id }), { total: 2 });
  t.like(await call('events.scalar_metrics_iter_histogram', { task: id, key: 'iso_time' }), {
    loss: { train: { x: ['1970-01-01T00:00:01.000Z', '1970-01-01T00:00:01.001Z'] } },
  });
});

test('long curves are thinned out by averaging', async (t) => {
  const { call, id, scalar } = await withTask(t);
  await call(
    'events.add_batch',
    Array.from({ length: 1000 }, (_, n) => scalar(n, n)),
  );
  const curves = await call<{ loss: { train: { x: number[]; y: number[] } } }>(
    'events.scalar_metrics_iter_histogram',
    { task: id, samples: 100 },
  );
  t.is(curves.loss.train.x.length, 100);
  t.is(curves.loss.train.y[0], 4.5);
});

test('bad items are counted and the good ones are taken', async (t) => {
  const { call, id, log } = await withTask(t);
  const answer = await call<{ errors_info: object }>('events.add_batch', [
    log('good', 1),
    { ...log('bad', 2), type: 'nonsense' },
    { ...log('bad', 2), task: 'x' },
    { ...log('bad', 2), task: 'x' },
    { ...log('bad', 2), task: 'a model', model_event: true },
  ]);
  t.like(answer, { added: 1, errors: 4 });
  t.is(Object.keys(answer.errors_info).length, 3);
  await call('tasks.publish', { task: id, force: true });
  await t.throwsAsync(call('events.add_batch', [log('late', 3)]), { message: /400\/131/ });
  t.like(await call('events.add_batch', [{ ...log('late', 3), allow_locked: true }]), { added: 1 });
});

test('an item whose fields have wrong types is counted, and changes nothing', async (t) => {
  const { call, id, scalar } = await withTask(t);
  const wrong: Record<string, unknown>[] = [
    { iter: 'x' },
    { iter: {} },
    { iter: '' },
    { value: 'high' },
    { value: [1] },
    { value: true },
    { metric: { a: 1 } },
    { variant: ['train'] },
    { timestamp: 'yesterday' },
    { timestamp: 1e300 },
    { worker: {} },
    { type: 'log', msg: { a: 1 } },
    { type: 'plot', plot_str: {} },
    { type: 'training_debug_image', url: [] },
  ];
  const answer = await call('events.add_batch', [
    scalar(0, 1),
    ...wrong.map((fields) => ({ ...scalar(0, 7), ...fields })),
    { ...scalar(2, 3), iter: '2', value: '3', worker: null, metric: 'loss' },
  ]);
  t.like(answer, { added: 2, errors: wrong.length });
  t.deepEqual(await call('events.scalar_metrics_iter_histogram', { task: id }), {
    loss: { train: { name: 'train', x: [0, 2], y: [1, 3] } },
  });
});

test('single values, plots, images and pages of events', async (t) => {
  const { call, id, scalar } = await withTask(t);
  const base = { task: id, metric: 'pictures', variant: 'one', timestamp: 5 };
  await call('events.add_batch', [
    { ...scalar(-2_147_483_648, 0.5), metric: 'Summary', variant: 'accuracy' },
    ...[1, 2, 3].map((iter) => scalar(iter, iter)),
    ...[1, 2].map((iter) => ({ ...base, type: 'plot', iter, plot_str: `{"n":${iter}}` })),
    ...[1, 2].map((iter) => ({
      ...base,
      type: 'training_debug_image',
      iter,
      key: `k${iter}`,
      url: `u${iter}`,
    })),
  ]);
  t.like(await call('events.get_task_single_value_metrics', { tasks: [id] }), {
    tasks: [{ task: id, values: [{ metric: 'Summary', variant: 'accuracy', value: 0.5 }] }],
  });
  t.like(await call('events.get_task_plots', { task: id, iters: 1 }), {
    plots: [{ plot_str: '{"n":2}' }],
    returned: 1,
  });
  const images = await call('events.debug_images', {
    metrics: [{ task: id, metric: 'pictures', variants: ['one'] }],
    iters: 2,
  });
  t.like(images, { metrics: [{ task: id, iterations: [{ iter: 2 }, { iter: 1 }] }] });
  type Page = { events: { iter: number }[]; scroll_id: string | null; total: number };
  const query = { task: id, event_type: 'training_stats_scalar', batch_size: 3 };
  const first = await call<Page>('events.get_task_events', query);
  const second = await call<Page>('events.get_task_events', { ...query, scroll_id: first.scroll_id });
  t.deepEqual(
    [...first.events, ...second.events].map((event) => event.iter),
    [-2_147_483_648, 1, 2, 3],
  );
  t.is(first.total, 4);
});

test('200,000 lines are taken in a few seconds', async (t) => {
  const { call, id, log } = await withTask(t);
  const lines = 200_000;
  const batch = 5000;
  const began = process.cpuUsage();
  for (let n = 0; n < lines; n += batch) {
    await call(
      'events.add_batch',
      Array.from({ length: batch }, (_, i) => log(`line ${n + i} ${'x'.repeat(60)}`, n + i)),
    );
  }
  // Time of this process, which a busy machine does not stretch as it does that of the clock.
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / 1e6;
  t.log(`${seconds.toFixed(1)} s`);
  t.like(await call('events.get_task_log', { task: id, batch_size: 1 }), { total: lines });
  t.true(seconds < 40);
});
