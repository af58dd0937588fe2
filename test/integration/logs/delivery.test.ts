import test, { type ExecutionContext } from 'ava';
import { EventsApi } from '../../../src/api/events.js';
import { TaskLog } from '../../../src/logs/task-log.js';
import { Redactor } from '../../../src/secrets/redactor.js';
import { apiClientFor } from '../../support/api-client.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { type Fault, type FaultServer, startFaultServer } from '../../support/fault-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const TIMING = { settleMs: 20, backoff: { baseMs: 20, capMs: 50, floorMs: 5 } };
const LIMIT = { connect: 2000, read: 300, whole: 10_000 };

async function logFor(
  t: ExecutionContext,
  server: FaultServer,
  runFolder = temporaryFolder(t),
): Promise<TaskLog> {
  const { client } = apiClientFor(server.url, {}, { timeouts: { first: LIMIT, usual: LIMIT, large: LIMIT } });
  t.teardown(() => client.close());
  return TaskLog.open({
    runFolder,
    task: 'task1',
    worker: 'host:0',
    server: new EventsApi(client),
    redactor: new Redactor(),
    logger: { warn: () => undefined, info: () => undefined },
    suppressCarriageReturn: true,
    timing: TIMING,
  });
}

function textOf(server: FaultServer): string {
  return server.events
    .toSorted((a, b) => a.timestamp - b.timestamp)
    .map(({ msg }) => msg)
    .join('');
}

const FAULTS: readonly [what: string, faults: Fault[]][] = [
  ['cut before it was carried out', [{ kind: 'reset-before' }, { kind: 'reset-before' }]],
  ['cut after it was carried out', [{ kind: 'reset-after' }]],
  ['carried out without an answer', [{ kind: 'hang' }]],
  ['too many requests', [{ kind: 'status', status: 429, headers: { 'retry-after': '1' } }]],
  [
    'not available',
    [
      { kind: 'status', status: 503 },
      { kind: 'text', status: 503, body: '<h1>Service unavailable</h1>' },
    ],
  ],
  ['an error of the server', [{ kind: 'status', status: 500, subcode: 100 }]],
  [
    'one after the other',
    [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 502 },
      { kind: 'reset-before' },
      { kind: 'reset-after' },
    ],
  ],
];

for (const [what, faults] of FAULTS) {
  test(`each line arrives once: ${what}`, async (t) => {
    const server = await startFaultServer();
    t.teardown(() => server.close());
    server.faults.set('events.add_batch', [...faults]);
    const log = await logFor(t, server);
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index}\n`);
    let position = 0;
    for (const line of lines) {
      position += line.length;
      await log.feed(Buffer.from(line), position);
      if (position % 7 === 0) await log.flush();
    }
    t.true(await log.close());
    t.is(textOf(server), lines.join(''));
    t.deepEqual(server.faults.get('events.add_batch'), []);
  });
}

test('a line goes to the server by itself, within seconds', async (t) => {
  const server = await startFaultServer();
  t.teardown(() => server.close());
  const log = await logFor(t, server);
  for (const round of [1, 2, 3]) {
    log.line(`round ${round}`);
    await until(() => server.events.some(({ msg }) => msg.includes(`round ${round}`)), {
      what: 'the line',
      timeoutMs: 30_000,
    });
  }
  t.is(server.events.length, 3, 'each by itself');
  await log.close();
});

test('a server that is away costs no line: what was said meanwhile arrives with its own times', async (t) => {
  const first = await startFaultServer();
  const folder = temporaryFolder(t);
  const log = await logFor(t, first, folder);
  log.line('before');
  await until(() => first.events.length > 0, { what: 'the first line' });
  await first.close();
  log.line('while it was away');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  log.line('still away');
  const second = await startFaultServer({ port: first.port });
  t.teardown(() => second.close());
  t.true(await log.close());
  t.is(textOf(second), 'while it was away\nstill away\n');
  const [one, two] = second.events;
  t.true((two?.timestamp ?? 0) - (one?.timestamp ?? 0) > 1000);
});

test('a run that was killed while the server was away is sent by the next one', async (t) => {
  const down = await startFaultServer();
  await down.close();
  const folder = temporaryFolder(t);
  const killed = await logFor(t, down, folder);
  await killed.feed(Buffer.from('first\nsecond\nthi'), 16);
  await killed.flush();
  await killed.detach();
  const server = await startFaultServer();
  t.teardown(() => server.close());
  const next = await logFor(t, server, folder);
  t.is(next.position, 16);
  await next.feed(Buffer.from('rd\n'), 19);
  t.true(await next.close());
  t.is(textOf(server), 'first\nsecond\nthird\n');
});

/** Ways to a task whose lines the server refuses unless they say that they are for it all the same. */
const CLOSING: [what: string, calls: [endpoint: string, extra: Record<string, unknown>][]][] = [
  [
    'published after its end',
    [
      ['tasks.completed', {}],
      ['tasks.publish', {}],
    ],
  ],
  ['published at its end', [['tasks.completed', { publish: true }]]],
  [
    'published after it was stopped',
    [
      ['tasks.stopped', {}],
      ['tasks.publish', {}],
    ],
  ],
];

for (const [what, calls] of CLOSING) {
  test(`the lines of a task that is ${what} arrive once`, async (t) => {
    const { server, call } = await serverUnderTest(t);
    const { id: task } = await call<{ id: string }>('tasks.create', {
      name: 'a test task',
      type: 'training',
    });
    await call('tasks.started', { task });
    const { client } = apiClientFor(server.url, { credentials: server.credentials });
    t.teardown(() => client.close());
    const warnings: string[] = [];
    const log = await TaskLog.open({
      runFolder: temporaryFolder(t),
      task,
      worker: 'host:0',
      server: new EventsApi(client),
      redactor: new Redactor(),
      logger: { warn: (line) => warnings.push(line), info: () => undefined },
      suppressCarriageReturn: true,
      timing: TIMING,
    });
    const said = async () => {
      const answer = await call<{ events: { msg: string }[] }>('events.get_task_log', { task, order: 'asc' });
      return answer.events.map(({ msg }) => msg).join('');
    };
    log.line('before');
    await until(async () => (await said()) === 'before\n', { what: 'the first line' });
    for (const [endpoint, extra] of calls) await call(endpoint, { task, ...extra });
    log.line('while it closes');
    await until(async () => (await said()).includes('while it closes'), { what: 'the second line' });
    log.line('after');
    t.true(await log.close());
    t.is(await said(), 'before\nwhile it closes\nafter\n');
    t.deepEqual(warnings, []);
  });
}
