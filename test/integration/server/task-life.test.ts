import test from 'ava';
import { DRAFT, type Task, withTask } from '../../support/server-task.js';

test('from draft to completed, as an agent takes it there', async (t) => {
  const { call, refusal, id, queue, get } = await withTask(t, {
    script: { entry_point: 'a.py', diff: ' x\n' },
  });
  t.like(await get(), {
    status: 'created',
    tags: [],
    script: { binary: 'python', entry_point: 'a.py', diff: ' x\n' },
  });
  t.like(await call('tasks.enqueue', { task: id }), {
    queued: 1,
    fields: { status: 'queued', 'execution.queue': queue },
  });
  t.is(await refusal('tasks.enqueue', { task: id }), '400/706');
  t.like(await call('queues.peek_task', { queue }), { task: id });
  t.like(await call('queues.get_next_task', { queue, get_task_info: true }), { entry: { task: id } });
  t.deepEqual(await call('queues.get_next_task', { queue }), {}, 'an empty queue answers an empty object');
  t.is((await get()).status, 'queued', 'a pop leaves the status alone');

  await call('tasks.started', { task: id, force: true, status_message: 'pulled by agent' });
  await call('workers.status_report', { worker: 'w:0', timestamp: Date.now(), task: id, queue });
  const { started } = await get();
  await call('tasks.dequeue', { task: id, new_status: 'in_progress' });
  await call('tasks.started', { task: id, force: true, status_message: 'launch by agent' });
  t.like(await get(), {
    status: 'in_progress',
    status_message: 'launch by agent',
    started,
    last_worker: 'w:0',
  });
  await call('tasks.edit', { task: id, force: true, script: { version_num: 'abc' } });
  t.like((await get()).script, { entry_point: 'a.py', version_num: 'abc', diff: ' x\n' });
  t.like(await call('tasks.completed', { task: id, status_reason: 'done' }), { updated: 1, published: 0 });
  t.truthy((await get()).completed);
  t.is(await refusal('tasks.failed', { task: id }), '400/110');
  t.like(await call('tasks.publish', { task: id }), { fields: { status: 'published' } });
  t.is(await refusal('tasks.reset', { task: id }), '400/110');
});

test('the next announcement of a running task erases a request to stop', async (t) => {
  const { call, id, get } = await withTask(t);
  await call('tasks.started', { task: id });
  await call('workers.status_report', { worker: 'w:0', timestamp: Date.now(), task: id });
  await call('tasks.stop', { task: id });
  t.like(await get(), { status: 'in_progress', status_message: 'stopping' });
  for (const force of [true, false]) {
    await call('tasks.started', { task: id, force, status_message: 'launch by agent' });
    t.like(await get(), { status: 'in_progress', status_message: 'launch by agent' });
    await call('tasks.stop', { task: id });
    t.is((await get()).status_message, 'stopping');
  }
  await call('tasks.dequeue', { task: id, new_status: 'in_progress' });
  t.like(await get(), { status: 'in_progress', status_message: '' });
  await call('tasks.stopped', { task: id, status_message: 'by the agent' });
  t.like(await get(), { status: 'stopped', status_message: 'by the agent' });
});

test('a forced announcement revives a task that was stopped before it was claimed', async (t) => {
  const { call, id, queue, get } = await withTask(t);
  await call('tasks.enqueue', { task: id });
  await call('queues.get_next_task', { queue });
  await call('tasks.stop', { task: id });
  t.is((await get()).status, 'stopped');
  await call('tasks.started', { task: id, force: true, status_message: 'pulled by agent' });
  t.like(await get(), { status: 'in_progress', status_message: 'pulled by agent' });
});

test('a stop ends at once what no worker is at', async (t) => {
  const { call, id, queue, get } = await withTask(t);
  await call('tasks.enqueue', { task: id });
  await call('tasks.stop', { task: id });
  t.like(await get(), { status: 'stopped' });
  t.regex((await get()).status_message, /^Stopped by \S/);
  t.like(await call('queues.get_num_entries', { queue }), { num: 0 });
});

test('a task stopped in the queue by hand is queued again when it is taken', async (t) => {
  const { call, id, queue, get } = await withTask(t);
  await call('tasks.enqueue', { task: id });
  await call('tasks.stopped', { task: id });
  await call('queues.get_next_task', { queue });
  t.is((await get()).status, 'queued');
});

test('reset makes a draft again and empties what a run left', async (t) => {
  const { call, id, get } = await withTask(t);
  const log = { type: 'log', task: id, msg: 'line', level: 'DEBUG', timestamp: 1 };
  await call('tasks.enqueue', { task: id });
  await call('tasks.started', { task: id });
  await call('tasks.edit', { task: id, force: true, runtime: { a: 1 } });
  await call('tasks.add_or_update_artifacts', {
    task: id,
    artifacts: [
      { key: 'out', type: 'custom', uri: 'x' },
      { key: 'in', type: 'custom', uri: 'y', mode: 'input' },
    ],
  });
  await call('events.add_batch', [
    log,
    { type: 'training_stats_scalar', task: id, metric: 'm', variant: 'v', iter: 4, value: 1 },
  ]);
  t.is((await get()).last_iteration, 4);
  await call('tasks.failed', { task: id });
  await call('tasks.reset', { task: id, force: true });
  const task = await get();
  t.like(task, {
    status: 'created',
    runtime: {},
    started: undefined,
    completed: undefined,
    last_iteration: 0,
  });
  t.is(task.execution.queue, undefined);
  t.deepEqual(
    task.execution.artifacts.map((artifact) => artifact.key),
    ['in'],
  );
  t.like(await call('events.get_task_log', { task: id }), { total: 0, events: [] });
});

test('edits merge scripts but replace parameters, runtime and container', async (t) => {
  const { call, refusal, id, get } = await withTask(t, {
    hyperparams: { Args: { a: { value: 1 }, b: { value: '2' } } },
    runtime: { old: 1 },
  });
  t.is((await get()).hyperparams.Args?.a?.value, '1', 'values are texts');
  await call('tasks.edit', { task: id, hyperparams: { Args: { b: { value: '3' } } }, runtime: { now: 2 } });
  const task = await get();
  t.deepEqual(Object.keys(task.hyperparams.Args ?? {}), ['b']);
  t.deepEqual(task.runtime, { now: 2 });
  await call('tasks.edit_hyper_params', {
    task: id,
    hyperparams: [{ section: 'Args', name: 'c', value: '4' }],
  });
  const { params } = await call<{ params: { hyperparams: { name: string }[] }[] }>('tasks.get_hyper_params', {
    tasks: [id],
  });
  t.deepEqual(
    params[0]?.hyperparams.map((item) => item.name),
    ['b', 'c'],
  );
  await call('tasks.edit_runtime', { task: id, add_or_update: { more: 3 }, remove: ['now'] });
  t.deepEqual((await get()).runtime, { more: 3 });
  await call('tasks.started', { task: id });
  t.is(await refusal('tasks.edit', { task: id, name: 'another name' }), '400/110');
  t.is(
    await refusal('tasks.edit_hyper_params', {
      task: id,
      hyperparams: [{ section: 'Args', name: 'c', value: '5' }],
    }),
    '400/110',
  );
  await call('tasks.edit_hyper_params', {
    task: id,
    hyperparams: [{ section: 'properties', name: 'p', value: '1' }],
  });
  await call('tasks.set_requirements', { task: id, requirements: { pip: 'a==1' } });
  t.like((await get()).script, { requirements: { pip: 'a==1' } });
});

test('a clone is a draft of the same code and parameters', async (t) => {
  const { call, id, get } = await withTask(t, {
    script: { entry_point: 'a.py' },
    hyperparams: { Args: { a: { value: '1' } } },
    runtime: { left: 'behind' },
    system_tags: ['development'],
  });
  await call('tasks.add_or_update_artifacts', {
    task: id,
    artifacts: [{ key: 'out', type: 'custom', uri: 'x' }],
  });
  const { id: copyId } = await call<{ id: string }>('tasks.clone', { task: id, new_task_name: 'the clone' });
  const { task } = await call<{ task: Task }>('tasks.get_by_id', { task: copyId });
  t.like(task, { name: 'the clone', status: 'created', parent: id, runtime: {}, system_tags: [] });
  t.is(task.script.entry_point, 'a.py');
  t.is(task.hyperparams.Args?.a?.value, '1');
  t.deepEqual(task.execution.artifacts, []);
  t.not(copyId, (await get()).id);
});

test('what is wrong is refused with the protocol’s own codes', async (t) => {
  const { refusal, id, queue } = await withTask(t);
  const cases: [string, object, string][] = [
    ['tasks.create', { name: 'ab', type: 'training' }, '400/800'],
    ['tasks.create', { name: 'abc', type: 'nonsense' }, '400/12'],
    ['tasks.create', { name: 'abc' }, '400/12'],
    ['tasks.create', { ...DRAFT, project: 'f'.repeat(32) }, '400/16'],
    ['tasks.started', { task: 'f'.repeat(32) }, '400/10'],
    ['tasks.stopped', { task: 'f'.repeat(32) }, '400/101'],
    ['tasks.completed', { task: id }, '400/110'],
    ['tasks.enqueue', { task: id, queue, queue_name: 'default' }, '400/12'],
    ['tasks.enqueue', { task: id, queue: 'default' }, '400/701'],
    ['tasks.dequeue', { task: id, new_status: 'nonsense' }, '400/12'],
    ['tasks.get_all', { name: '(' }, '400/21'],
    ['tasks.get_all', { page: -1 }, '400/12'],
    ['queues.get_by_id', { queue: 'default' }, '400/701'],
    ['queues.create', { name: 'default' }, '400/801'],
    ['queues.create', { name: 'q' }, '400/800'],
    ['queues.remove_task', { queue, task: id }, '400/703'],
    ['projects.create', { name: 'Top/ab' }, '400/12'],
    ['projects.get_by_id', { project: 'x' }, '400/401'],
    ['models.get_by_id', { model: 'x' }, '400/201'],
    ['workers.register', { worker: 'w', queues: ['x'] }, '400/701'],
    ['workers.register', { worker: 'w', timeout: 0 }, '400/1002'],
    ['workers.status_report', { worker: 'w', timestamp: 1, task: 'x' }, '400/101'],
    ['events.add_batch', [], '400/17'],
    ['events.add_batch', [{ type: 'log', task: 'x', msg: '' }], '400/131'],
    ['serving.get_endpoints', {}, '404/0'],
  ];
  for (const [endpoint, body, expected] of cases) {
    t.is(await refusal(endpoint, body), expected, `${endpoint} ${JSON.stringify(body)}`);
  }
  t.is(await refusal('tasks.ping', { task: 'x' }), '200/0');
});
