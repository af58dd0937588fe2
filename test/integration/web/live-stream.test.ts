import test, { type ExecutionContext } from 'ava';
import { basic, configuredServer } from '../../support/configured-server.js';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { type LiveEvent, type LiveLine, openLive } from '../../support/live-stream.js';

type Live = Parameters<typeof openLive>[1];

/** A server, and streams of it that end with the test. */
async function live(t: ExecutionContext) {
  const under = await serverUnderTest(t);
  return {
    ...under,
    open: async (body: Live) => {
      const stream = await openLive(under.server, body);
      t.teardown(() => stream.close());
      return stream;
    },
    newTask: async (name = 'one') =>
      (await under.call<{ id: string }>('tasks.create', { name, type: 'training' })).id,
  };
}

function report({ call }: Pick<ServerUnderTest, 'call'>, task: string, ...messages: string[]) {
  const timestamp = Date.now();
  return call(
    'events.add_batch',
    messages.map((msg) => ({ type: 'log', task, timestamp, level: 'INFO', worker: 'w', msg })),
  );
}

const named =
  (name: string, task?: string) =>
  (event: LiveEvent): boolean =>
    event.name === name && (task === undefined || event.data.task === task);

function linesOf(event: LiveEvent | undefined): LiveLine[] {
  return (event?.data.lines ?? []) as LiveLine[];
}

const text = (index: number) => `line ${index}`;
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => text(from + index));

test('lines of the chosen tasks come in order, and none of others', async (t) => {
  const under = await live(t);
  const [one, two, other] = [await under.newTask(), await under.newTask(), await under.newTask()];
  await report(under, one, 'before');
  const stream = await under.open({ logs: [one, two] });
  for (let index = 0; index < 30; index += 1)
    await Promise.all([report(under, one, text(index)), report(under, other, 'unasked')]);
  const last = stream.next(named('log', two));
  await report(under, two, 'the end');
  await last;
  t.deepEqual(stream.lines(one), numbers(30));
  t.deepEqual(stream.lines(two), ['the end']);
  t.deepEqual(stream.lines(other), []);
  t.deepEqual(new Set(stream.events.map(({ name }) => name)), new Set(['hello', 'log']));
  const [line] = linesOf(stream.events.find(named('log', two)));
  t.like(line, { level: 'INFO', worker: 'w', msg: 'the end' });
});

test('the last lines of a log come first, with all of their first millisecond, and are not repeated', async (t) => {
  const under = await live(t);
  const task = await under.newTask();
  const at = (timestamp: number, ...messages: string[]) =>
    under.call(
      'events.add_batch',
      messages.map((msg) => ({ type: 'log', task, timestamp, msg })),
    );
  await at(1000, 'first');
  await at(2000, 'a', 'b', 'c');
  await at(3000, 'd');
  const stream = await under.open({ logs: [task], tails: [{ task, lines: 2, key: 'mine' }] });
  const next = stream.next(named('log', task));
  await at(4000, 'e');
  await next;
  const tail = stream.events.find(named('tail'));
  t.is(tail?.data.key, 'mine');
  t.deepEqual(
    linesOf(tail).map(({ msg }) => msg),
    ['a', 'b', 'c', 'd'],
  );
  t.deepEqual(stream.lines(task), ['e']);
});

test('a stream resumes after the last event that was read, without a gap and without a line twice', async (t) => {
  const under = await live(t);
  const task = await under.newTask();
  const stream = await under.open({ logs: [task] });
  const first = stream.next(named('log'));
  await report(under, task, ...numbers(5));
  await first;
  const after = stream.id;
  stream.close();
  await report(under, task, ...numbers(5, 5));
  const resumed = await under.open({ logs: [task], after });
  while (resumed.lines(task).length < 5) await resumed.next(named('log'));
  const last = resumed.next(named('log'));
  await report(under, task, text(10));
  await last;
  t.deepEqual([...stream.lines(task), ...resumed.lines(task)], numbers(11));
});

test('a stream resumes on the next server of the folder', async (t) => {
  const first = await live(t);
  const task = await first.newTask();
  const stream = await first.open({ logs: [task] });
  const line = stream.next(named('log'));
  await report(first, task, text(0));
  await line;
  const ended = stream.next(named('ended'));
  await first.server.close();
  t.is((await ended).data.reason, 'the server stops');
  await stream.ended;
  const second = await serverUnderTest(t, { folder: first.folder });
  await report(second, task, text(1));
  const resumed = await openLive(second.server, { logs: [task], after: stream.id });
  t.teardown(() => resumed.close());
  while (resumed.lines(task).length < 1) await resumed.next(named('log'));
  t.deepEqual(resumed.lines(task), [text(1)]);
});

const REMOVALS = [
  ['of a task that was reset', 'tasks.reset', { force: true }],
  ['whose old lines were cleared', 'events.clear_task_log', { threshold_sec: 0 }],
] as const;

for (const [what, endpoint, how] of REMOVALS)
  test(`a client that comes back is told to read a log again ${what}`, async (t) => {
    const under = await live(t);
    const [task, other] = [await under.newTask(), await under.newTask()];
    await report(under, other, 'stays');
    const stream = await under.open({ logs: [task, other] });
    const line = stream.next(named('log'));
    await report(under, task, text(0), text(1));
    await line;
    const after = stream.id;
    stream.close();
    await under.call(endpoint, { task, ...how });
    await report(under, task, 'new', 'run', 'of it');
    const resumed = await under.open({ logs: [task, other], after });
    t.deepEqual(
      resumed.events.filter(named('reread')).map(({ data }) => data),
      [{ logs: [task] }],
    );
  });

test('an open stream hears of a log that was removed, and gets the lines that come after it', async (t) => {
  const under = await live(t);
  const [task, other] = [await under.newTask(), await under.newTask()];
  const stream = await under.open({ logs: [task, other] });
  const seen = stream.next(named('log', task));
  await report(under, task, ...numbers(20));
  await seen;
  const reread = stream.next(named('reread'));
  await under.call('tasks.reset', { task, force: true });
  t.deepEqual((await reread).data, { logs: [task] });
  const fresh = stream.next(named('log', task));
  await report(under, task, 'fresh');
  t.deepEqual(
    linesOf(await fresh).map(({ msg }) => msg),
    ['fresh'],
  );
});

test('a reader that stops costs no memory: it gets nothing until it reads on, and then each line once', async (t) => {
  const under = await live(t);
  const task = await under.newTask();
  const stream = await under.open({ logs: [task] });
  const start = stream.next(named('log'));
  await report(under, task, text(0));
  await start;
  stream.pause();
  const filler = 'x'.repeat(1000);
  const total = 20_000;
  for (let from = 1; from <= total; from += 1000)
    await report(under, task, ...numbers(1000, from).map((line) => `${line} ${filler}`));
  stream.resume();
  while (stream.lines(task).length <= total) await stream.next(named('log'));
  t.deepEqual(
    stream.lines(task).map((line) => line.replace(` ${filler}`, '')),
    numbers(total + 1),
  );
  t.deepEqual(stream.events.filter(named('reread')), []);
});

test('one who was away for too long is told to read the log again, and gets what comes then', async (t) => {
  const under = await live(t);
  const [task, other] = [await under.newTask(), await under.newTask()];
  const stream = await under.open({ logs: [task] });
  const line = stream.next(named('log'));
  await report(under, task, text(0));
  await line;
  const after = stream.id;
  stream.close();
  for (let batch = 0; batch < 6; batch += 1) await report(under, other, ...numbers(9000));
  const resumed = await under.open({ logs: [task], after });
  while (!resumed.events.some(named('reread'))) await resumed.next(named('reread'));
  const next = resumed.next(named('log'));
  await report(under, task, text(1));
  await next;
  t.deepEqual(resumed.lines(task), [text(1)]);
  t.deepEqual(resumed.events.find(named('reread'))?.data, { logs: [task] });
});

test('changes of tasks, queues and workers are told by what was asked for', async (t) => {
  const under = await live(t);
  const { call } = under;
  const watched = await under.newTask('watched');
  const { id: queue } = await call<{ id: string }>('queues.create', { name: 'fast' });
  const all = await under.open({ changes: ['tasks', 'queues', 'workers'] });
  const one = await under.open({ tasks: [watched] });
  const none = await under.open({ logs: [watched] });
  const has = (field: string, fits: (item: never) => boolean) => (event: LiveEvent) =>
    event.name === 'changed' && ((event.data[field] as never[]) ?? []).some(fits);
  const isQueued = has(
    'tasks',
    ({ id, status }: { id: string; status: string }) => id === watched && status === 'queued',
  );
  const told = [
    all.next(isQueued),
    one.next(isQueued),
    all.next(has('queues', (id: string) => id === queue)),
  ];
  await call('tasks.enqueue', { task: watched, queue });
  await Promise.all(told);
  const worker = all.next(has('workers', (id: string) => id === 'gpu-1'));
  await call('workers.register', { worker: 'gpu-1', queues: [queue] });
  await worker;
  const deleted = all.next(has('tasks', ({ deleted }: { deleted?: boolean }) => deleted === true));
  const iteration = one.next(has('tasks', (task: { last_iteration: number }) => task.last_iteration === 7));
  const { id: gone } = await call<{ id: string }>('tasks.create', { name: 'gone', type: 'training' });
  await call('tasks.delete', { task: gone });
  await call('events.add_batch', [
    { type: 'training_stats_scalar', task: watched, metric: 'loss', variant: 'a', iter: 7, value: 1 },
  ]);
  await Promise.all([deleted, iteration]);
  // Progress of a task is no change of its status.
  t.false(all.events.some(has('tasks', (task: { last_iteration: number }) => task.last_iteration === 7)));
  t.false(one.events.some(has('tasks', ({ id }: { id: string }) => id !== watched)));
  t.deepEqual(
    none.events.map(({ name }) => name),
    ['hello'],
  );
});

test('a session that ends takes its stream along', async (t) => {
  const { server, send, token } = await configuredServer(
    t,
    {
      'apiserver.conf':
        'auth.fixed_users { enabled: true, users: [{ username: "jane", password: "12345678", name: "Jane" }] }',
    },
    { sessionCheckMs: 50 },
  );
  const cookie = `clearml_token_basic=${await token(basic('jane', '12345678'))}`;
  const { origin } = new URL(server.webUrl);
  const asking = { base: `${server.webUrl}/api`, headers: { cookie, origin } };
  const stream = await openLive(server, { changes: ['tasks'] }, asking);
  t.teardown(() => stream.close());
  t.is(stream.status, 200);
  const ended = stream.next(named('ended'));
  await send('auth.logout', { cookie, origin });
  t.is((await ended).data.reason, 'the session is over');
  await stream.ended;
  t.is((await openLive(server, {}, asking)).status, 401);
  t.is(
    (await openLive(server, {}, { ...asking, headers: { cookie, origin: 'https://evil.example.com' } }))
      .status,
    403,
  );
});

test('what a stream cannot give is refused in the form of every call', async (t) => {
  const { refusal, newTask } = await live(t);
  t.is(await refusal('events.get_live', { changes: ['models'] }), '400/12');
  t.is(await refusal('events.get_live', { tails: [{ task: await newTask(), lines: 1e9 }] }), '400/12');
  t.is(
    await refusal('events.get_live', { logs: Array.from({ length: 501 }, (_, index) => String(index)) }),
    '400/12',
  );
});
