import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';

interface Page {
  metrics: { task: string; iterations: { iter: number; events: { variant: string; url?: string }[] }[] }[];
  scroll_id: string;
}
interface Sample {
  scroll_id: string;
  event: { metric: string; variant: string; iter: number; url: string } | null;
  min_iteration: number | null;
  max_iteration: number | null;
}
interface PlotSample {
  scroll_id: string;
  events: { metric: string; variant: string; iter: number }[];
  min_iteration: number | null;
  max_iteration: number | null;
}

/** A task with images of two metrics: those of `b` are overwritten after two iterations. */
async function withImages(t: Parameters<typeof serverUnderTest>[0]) {
  const { call, refusal } = await serverUnderTest(t);
  const { id: task } = await call<{ id: string }>('tasks.create', { name: 'images', type: 'training' });
  const image = (metric: string, variant: string, iter: number, url: string) => ({
    type: 'training_debug_image',
    task,
    metric,
    variant,
    iter,
    url,
    timestamp: iter,
  });
  const plot = (metric: string, variant: string, iter: number) => ({
    type: 'plot',
    task,
    metric,
    variant,
    iter,
    plot_str: '{}',
    timestamp: iter,
  });
  await call('events.add_batch', [
    ...[1, 2, 3, 4].flatMap((iter) => [
      image('a', 'left', iter, `http://files/a/left/${iter}`),
      image('b', 'only', iter, `http://files/b/${iter % 2}`),
    ]),
    image('a', 'right', 3, 'http://files/a/right/3'),
    { ...image('a', 'left', 9, ''), url: undefined },
    ...[1, 2].flatMap((iter) => [plot('p', 'x', iter), plot('p', 'y', iter), plot('q', 'x', iter)]),
  ]);
  const shown = ({ metrics }: Page) =>
    metrics[0]?.iterations.map(({ iter, events }) => [iter, events.map(({ variant }) => variant)]);
  return { call, refusal, task, shown };
}

test('pages of debug images go back and forth, without those that were overwritten', async (t) => {
  const { call, refusal, task, shown } = await withImages(t);
  const ask = (more: object) => call<Page>('events.debug_images', { metrics: [{ task }], iters: 2, ...more });
  const first = await ask({});
  t.deepEqual(shown(first), [
    [4, ['left', 'only']],
    [3, ['left', 'right', 'only']],
  ]);
  const { scroll_id } = first;
  t.deepEqual(shown(await ask({ scroll_id })), [
    [2, ['left']],
    [1, ['left']],
  ]);
  t.deepEqual(shown(await ask({ scroll_id })), [], 'the oldest was the last');
  t.deepEqual(shown(await ask({ scroll_id, navigate_earlier: false })), [
    [4, ['left', 'only']],
    [3, ['left', 'right', 'only']],
  ]);
  t.deepEqual(shown(await ask({ scroll_id, refresh: true }))?.length, 2);
  const chosen = { metrics: [{ task, metric: 'a', variants: ['right'] }], iters: 10 };
  t.deepEqual(shown(await call<Page>('events.debug_images', chosen)), [[3, ['right']]]);
  t.is(await refusal('events.debug_images', { metrics: [{ task: 'none' }] }), '400/101');
  t.is(await refusal('events.debug_images', { metrics: [] }), '400/12');
});

test('images one after the other, by variant and by iteration', async (t) => {
  const { call, refusal, task } = await withImages(t);
  const first = await call<Sample>('events.get_debug_image_sample', {
    task,
    metric: 'a',
    variant: 'left',
    iteration: 3,
  });
  t.like(first, { event: { variant: 'left', iter: 3 }, min_iteration: 1, max_iteration: 4 });
  const next = (more: object) =>
    call<Sample>('events.next_debug_image_sample', { task, scroll_id: first.scroll_id, ...more });
  t.like(await next({ navigate_earlier: false }), { event: { variant: 'right', iter: 3 } });
  t.like(await next({ navigate_earlier: false }), { event: { variant: 'left', iter: 4 } });
  t.is((await next({ navigate_earlier: false })).event, null);
  t.like(await next({}), { event: { variant: 'right', iter: 3 }, min_iteration: 3, max_iteration: 3 });
  t.like(await next({ next_iteration: true }), { event: { variant: 'left', iter: 2 } });
  const overwritten = { task, metric: 'b', variant: 'only', iteration: 2 };
  t.like(await call('events.get_debug_image_sample', overwritten), { event: null, min_iteration: 3 });
  t.is(await refusal('events.next_debug_image_sample', { task, scroll_id: 'none' }), '400/1104');
  const other = { task, metric: 'b', variant: 'only', scroll_id: first.scroll_id };
  t.is(await refusal('events.get_debug_image_sample', other), '400/1104');
});

test('plots: the last ones, trees of several tasks, pages and samples', async (t) => {
  const { call, task, shown } = await withImages(t);
  const plots = await call<{ plots: { plot_len: number }[]; total: number }>('events.get_task_plots', {
    task,
    iters: 1,
    metrics: [{ metric: 'p', variants: ['x'] }],
  });
  t.deepEqual([plots.total, plots.plots[0]?.plot_len], [1, 2]);
  const { plots: tree } = await call<{ plots: { p: { x: Record<string, object> } } }>(
    'events.get_multi_task_plots',
    { tasks: [task], iters: 2 },
  );
  t.deepEqual(Object.keys(tree.p.x[task] ?? {}), ['1', '2']);
  t.deepEqual(shown(await call<Page>('events.plots', { metrics: [{ task, metric: 'p' }] })), [
    [2, ['x', 'y']],
  ]);
  const sample = await call<PlotSample>('events.get_plot_sample', {
    task,
    metric: 'p',
    navigate_current_metric: false,
  });
  t.deepEqual(
    sample.events.map(({ variant, iter }) => [variant, iter]),
    [
      ['x', 2],
      ['y', 2],
    ],
  );
  t.like(sample, { min_iteration: 1, max_iteration: 2 });
  const next = (more: object) =>
    call<PlotSample>('events.next_plot_sample', { task, scroll_id: sample.scroll_id, ...more });
  t.like((await next({ navigate_earlier: false })).events[0], { metric: 'q', iter: 2 });
  t.like((await next({ next_iteration: true })).events[0], { metric: 'q', iter: 1 });
  t.like((await next({})).events[0], { metric: 'p', iter: 1 });
  t.deepEqual((await next({})).events, []);
});

test('events of models are written and read apart from those of tasks', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const { id: model } = await call<{ id: string }>('models.create', { name: 'net', uri: 'u', ready: false });
  const scalar = { type: 'training_stats_scalar', metric: 'm', variant: 'v', iter: 3, value: 0.5 };
  await call('events.add_batch', [{ ...scalar, model, model_event: true }]);
  t.is(await refusal('events.add_batch', [{ ...scalar, task: model }]), '400/131');
  t.is(await refusal('events.add_batch', [{ type: 'log', task: model, model_event: true }]), '400/131');
  const curve = { task: model, model_events: true };
  t.like(await call('events.scalar_metrics_iter_histogram', curve), { m: { v: { x: [3], y: [0.5] } } });
  t.is(await refusal('events.scalar_metrics_iter_histogram', { task: model }), '400/101');
  const { events } = await call<{ events: { task: string }[] }>('events.get_task_events', curve);
  t.is(events[0]?.task, model);
  t.like(await call('models.get_by_id', { model }), { model: { last_iteration: 3 } });
  const both = [
    { ...scalar, task: model, model_event: true },
    { ...scalar, task: model, model_event: true, allow_locked: true },
  ];
  t.is(await refusal('events.add_batch', both), '400/12');
});
