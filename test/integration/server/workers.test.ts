import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;

function clock() {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const forward = (milliseconds: number) => {
    time += milliseconds;
  };
  return { now: () => time, forward };
}

test('a worker that is not heard of expires, and a report brings it back', async (t) => {
  const { now, forward } = clock();
  const { call } = await serverUnderTest(t, { now });
  const { id: queue } = await call<{ id: string }>('queues.get_default');
  const count = async () => (await call<{ count: number }>('workers.get_count', { last_seen: 0 })).count;
  await call('workers.register', { worker: 'w:0', queues: [queue], tags: ['gpu'], timeout: 100 });
  t.like(await call('workers.get_all'), { workers: [{ tags: ['gpu'] }] });
  forward(99_000);
  await call('workers.status_report', { worker: 'w:0', timestamp: now() });
  const { workers } = await call<{ workers: { tags: string[] }[] }>('workers.get_all');
  t.deepEqual(workers[0]?.tags, [], 'a report without tags empties them');
  forward(99_000);
  t.is(await count(), 1);
  t.like(await call('workers.get_all'), {
    workers: [{ id: 'w:0', queues: [{ id: queue, name: 'default', num_tasks: 0 }] }],
  });
  forward(2000);
  t.is(await count(), 0);
  await call('workers.status_report', { worker: 'w:0', timestamp: now() });
  t.is(await count(), 1);
  await call('workers.unregister', { worker: 'w:0', queues: [queue] });
  await call('workers.unregister', { worker: 'w:0' });
  t.is(await count(), 0);
});

test('listing: by last activity, tags and pattern', async (t) => {
  const { now, forward } = clock();
  const { call } = await serverUnderTest(t, { now });
  await call('workers.register', { worker: 'box:gpu0', tags: ['a'], timeout: 10 * 3600 });
  forward(2 * HOUR);
  await call('workers.register', { worker: 'box:gpu1', tags: ['b'] });
  await call('workers.register', { worker: 'other:0' });
  const ids = async (query: object) =>
    (await call<{ workers: { id: string }[] }>('workers.get_all', query)).workers.map((worker) => worker.id);
  t.deepEqual(await ids({}), ['box:gpu1', 'other:0']);
  t.deepEqual(await ids({ last_seen: 0, worker_pattern: 'box:gpu*' }), ['box:gpu0', 'box:gpu1']);
  t.deepEqual(await ids({ last_seen: 0, tags: ['a', 'b'] }), ['box:gpu0', 'box:gpu1']);
  t.deepEqual(await ids({ last_seen: 0, tags: ['-b'] }), ['box:gpu0', 'other:0']);
});

test('a report shows the task, and outlives a task that was deleted', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const { id: task } = await call<{ id: string }>('tasks.create', { name: 'a task', type: 'training' });
  await call('tasks.started', { task });
  const stats = { cpu_usage: [12.5], memory_used: 100 };
  const report = { worker: 'w:0', timestamp: Date.now(), task, machine_stats: stats };
  await call('workers.status_report', report);
  t.like(await call('workers.get_all'), { workers: [{ task: { id: task, name: 'a task' } }] });
  const range = {
    from_date: 0,
    to_date: Date.now() / 1000 + 10,
    interval: 1e9,
    items: [{ key: 'cpu_usage' }],
  };
  t.like(await call('workers.get_stats', range), {
    workers: [
      { worker: 'w:0', metrics: [{ metric: 'cpu_usage', stats: [{ aggregation: 'avg', values: [12.5] }] }] },
    ],
  });
  await call('tasks.delete', { task, force: true });
  await call('workers.unregister', { worker: 'w:0' });
  t.is(await refusal('workers.status_report', report), '400/101');
  t.like(await call('workers.get_count'), { count: 1 });
});

test('figures of each GPU stand beside those of all, if they are asked for', async (t) => {
  const { call } = await serverUnderTest(t);
  await call('workers.register', { worker: 'box:gpu2,3' });
  const report = (timestamp: number, machine_stats: object) =>
    call('workers.status_report', { worker: 'box:gpu2,3', timestamp, machine_stats });
  await report(1000, { gpu_usage: [10, 90], cpu_usage: [5] });
  await report(2000, { gpu_usage: [30, 70], cpu_usage: [7] });
  await report(12_000, { gpu_usage: [50] });
  const range = { from_date: 0, to_date: 20, interval: 10 };
  const items = [{ key: 'gpu_usage' }, { key: 'cpu_usage' }];
  const series = async (query: object) => {
    const answer = await call<{
      workers: { metrics: { metric: string; stats: { resource_series: unknown }[] }[] }[];
    }>('workers.get_stats', { ...range, items, ...query });
    return answer.workers[0]?.metrics.map(({ stats }) => stats[0]?.resource_series);
  };
  t.deepEqual(await series({}), [[], []]);
  t.deepEqual(await series({ split_by_resource: true }), [
    [
      { name: '0', values: [20, 50] },
      { name: '1', values: [80, null] },
    ],
    [],
  ]);
});

test('the watchdog stops what was silent too long and nothing else', async (t) => {
  const { now, forward } = clock();
  const { call } = await serverUnderTest(t, { now, watchdog: { everyMs: 20, silentMs: 2 * HOUR } });
  const create = async () =>
    (await call<{ id: string }>('tasks.create', { name: 'a task', type: 'training' })).id;
  const [silent, pinged, draft] = [await create(), await create(), await create()];
  await call('tasks.started', { task: silent });
  await call('tasks.started', { task: pinged });
  forward(2 * HOUR);
  await call('tasks.ping', { task: pinged });
  forward(1);
  const statusOf = async (task: string) =>
    (await call<{ task: { status: string } }>('tasks.get_by_id', { task })).task.status;
  await until(async () => (await statusOf(silent)) === 'stopped', {
    what: 'the watchdog',
    timeoutMs: 20_000,
  });
  t.is(await statusOf(pinged), 'in_progress');
  t.is(await statusOf(draft), 'created');
  t.like(await call('tasks.get_by_id', { task: silent }), {
    task: {
      status_reason: 'Forced stop (non-responsive)',
      last_changed_by: '__apiserver__',
      completed: undefined,
    },
  });
});
