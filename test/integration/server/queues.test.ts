import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';

async function queueOf(t: Parameters<typeof serverUnderTest>[0], count: number) {
  const under = await serverUnderTest(t);
  const { id: queue } = await under.call<{ id: string }>('queues.create', { name: 'work' });
  const tasks: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { id } = await under.call<{ id: string }>('tasks.create', { name: `task ${n}`, type: 'training' });
    await under.call('tasks.enqueue', { task: id, queue });
    tasks.push(id);
  }
  const entries = async () => {
    const found = await under.call<{ queue: { entries: { task: string }[] } }>('queues.get_by_id', { queue });
    return found.queue.entries.map((entry) => tasks.indexOf(entry.task));
  };
  return { ...under, queue, tasks, entries };
}

test('twenty pops at once never hand out a task twice', async (t) => {
  const { call, queue, tasks } = await queueOf(t, 12);
  const pops = Array.from({ length: 20 }, () =>
    call<{ entry?: { task: string } }>('queues.get_next_task', { queue }),
  );
  const taken = (await Promise.all(pops)).flatMap(({ entry }) => entry?.task ?? []);
  t.deepEqual(taken.sort(), [...tasks].sort());
});

test('first in, first out', async (t) => {
  const { call, queue, tasks } = await queueOf(t, 3);
  for (const expected of tasks) {
    t.like(await call('queues.get_next_task', { queue }), { entry: { task: expected } });
  }
});

test('moves keep the others in order and stop at the ends', async (t) => {
  const { call, queue, tasks, entries } = await queueOf(t, 4);
  const move = (how: string, task: number, count?: number) =>
    call<{ position: number }>(`queues.move_task_${how}`, { queue, task: tasks[task], count });
  t.is((await move('to_front', 2)).position, 0);
  t.deepEqual(await entries(), [2, 0, 1, 3]);
  t.is((await move('to_back', 0)).position, 3);
  t.deepEqual(await entries(), [2, 1, 3, 0]);
  t.is((await move('forward', 3)).position, 1);
  t.is((await move('backward', 2, 9)).position, 3);
  t.deepEqual(await entries(), [3, 1, 0, 2]);
  const { id } = await call<{ id: string }>('tasks.create', { name: 'the last', type: 'training' });
  await call('tasks.enqueue', { task: id, queue });
  t.like(await call('queues.get_by_id', { queue, max_task_entries: 1 }), {
    queue: { entries: [{ task: tasks[3] }] },
  });
});

for (const [entries, answer] of [
  [1e300, '400/12'],
  [-1e300, '400/12'],
  [Number.MAX_SAFE_INTEGER, undefined],
  [-1, undefined],
] as const) {
  test(`max_task_entries ${entries}: ${answer ?? 'all entries'}`, async (t) => {
    const { call, refusal, queue, tasks } = await queueOf(t, 2);
    const query = { queue, max_task_entries: entries };
    const all = { id: [queue], max_task_entries: entries };
    if (answer !== undefined) {
      t.is(await refusal('queues.get_by_id', query), answer);
      t.is(await refusal('queues.get_all', all), answer);
      return;
    }
    const expected = tasks.map((task) => ({ task }));
    t.like(await call('queues.get_by_id', query), { queue: { entries: expected } });
    t.like(await call('queues.get_all', all), { queues: [{ entries: expected }] });
  });
}

test('enqueueing elsewhere takes a task out of its queue; a removed one gets its status back', async (t) => {
  const { call, refusal, queue, tasks, entries } = await queueOf(t, 2);
  await call('tasks.enqueue', { task: tasks[0], queue_name: 'another' });
  t.deepEqual(await entries(), [1]);
  t.is(await refusal('queues.delete', { queue }), '400/702');
  await call('queues.remove_task', { queue, task: tasks[1], update_task_status: true });
  t.like(await call('tasks.get_by_id', { task: tasks[1] }), { task: { status: 'created' } });
  await call('queues.add_task', { queue, task: tasks[1] });
  t.like(await call('tasks.get_by_id', { task: tasks[1] }), {
    task: { status: 'created', execution: { queue } },
  });
  t.like(await call('queues.clear_queue', { queue }), { removed_tasks: [tasks[1]] });
  t.like(await call('queues.delete', { queue }), { deleted: 1 });
});

test('agents see every queue they ask for, with tags', async (t) => {
  const { call, queue } = await queueOf(t, 0);
  const { queues } = await call<{ queues: { id: string; tags: string[] }[] }>('queues.get_all', {
    id: [queue],
    only_fields: ['id', 'tags'],
    method: 'get',
  });
  t.deepEqual(queues, [{ id: queue, tags: [] }]);
  await call('queues.update', { queue, tags: ['force_workers:off'] });
  t.like(await call('queues.get_by_id', { queue }), { queue: { tags: ['force_workers:off'], name: 'work' } });
});

test('asking an empty queue is cheap', async (t) => {
  const { call, queue } = await queueOf(t, 1);
  await call('queues.get_next_task', { queue });
  const rounds = 200;
  const began = process.cpuUsage();
  for (let n = 0; n < rounds; n += 1) await call('queues.get_next_task', { queue });
  // Time of this process, which a busy machine does not stretch as it does that of the clock.
  const { user, system } = process.cpuUsage(began);
  const each = (user + system) / 1000 / rounds;
  t.log(`${each.toFixed(2)} ms of the processor a call, client and HTTP included`);
  t.true(each < 20);
});
