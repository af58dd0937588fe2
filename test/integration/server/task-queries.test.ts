import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { withTask } from '../../support/server-task.js';

test('a query answers the fields asked for and no id; get_all_ex adds it', async (t) => {
  const { call, id, queue } = await withTask(t);
  const query = { id: [id], only_fields: ['status', 'status_message'] };
  t.deepEqual(await call('tasks.get_all', query), { tasks: [{ status: 'created' }] });
  t.deepEqual(await call('tasks.get_all_ex', query), { tasks: [{ id, status: 'created' }] });
  t.deepEqual(await call('queues.get_all', { id: [queue], only_fields: ['name'] }), {
    queues: [{ name: 'default' }],
  });
  const { tasks } = await call<{ tasks: object[] }>('tasks.get_all', { id: [id], only_fields: ['-script'] });
  t.like(tasks[0], { id });
});

test('many at once: each succeeds or fails by itself', async (t) => {
  const { call, id, get } = await withTask(t);
  const result = await call<{
    succeeded: { id: string }[];
    failed: { id: string; error: { codes: number[] } }[];
  }>('tasks.enqueue_many', { ids: [id, 'x'] });
  t.deepEqual(
    result.succeeded.map((each) => each.id),
    [id],
  );
  t.deepEqual(
    result.failed.map((each) => [each.id, ...each.error.codes]),
    [['x', 400, 101]],
  );
  t.is((await get()).status, 'queued');
});

test('pages and scrolls cover everything once', async (t) => {
  const { call } = await serverUnderTest(t);
  const names = Array.from({ length: 12 }, (_, n) => `task ${String(n).padStart(2, '0')}`);
  for (const name of names) await call('tasks.create', { name, type: 'testing' });
  type Found = { tasks: { name: string }[]; scroll_id?: string };
  const query = { order_by: ['-name'], only_fields: ['name'], type: ['testing'] };
  const paged: string[] = [];
  for (let page = 0; page < 3; page += 1) {
    const found = await call<Found>('tasks.get_all', { ...query, page, page_size: 5 });
    paged.push(...found.tasks.map((task) => task.name));
  }
  t.deepEqual(paged, names.toReversed());
  const scrolled: string[] = [];
  let scroll_id: string | null | undefined = null;
  for (let n = 0; n < 3; n += 1) {
    const found: Found = await call<Found>('tasks.get_all', { ...query, size: 5, scroll_id });
    scrolled.push(...found.tasks.map((task) => task.name));
    scroll_id = found.scroll_id;
  }
  t.deepEqual(scrolled, names.toReversed());
});

test('references become objects where their fields are asked for', async (t) => {
  const { call, id } = await withTask(t);
  const { id: project } = await call<{ id: string }>('projects.create', { name: 'Top/Below' });
  await call('tasks.edit', { task: id, project });
  const { tasks } = await call<{ tasks: object[] }>('tasks.get_all_ex', {
    id: [id],
    only_fields: ['project.name', 'user.name'],
  });
  t.like(tasks[0], { id, project: { name: 'Top/Below' } });
  const found = await call<{ projects: { name: string }[] }>('projects.get_all', { shallow_search: true });
  t.deepEqual(
    found.projects.map((each) => each.name),
    ['Top'],
  );
});
