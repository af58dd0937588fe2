import test, { type ExecutionContext } from 'ava';
import { LiveCore, type LiveMessage } from '../../../web/src/api/stream-core.js';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { freePorts } from '../../support/free-ports.js';
import { until } from '../../support/until.js';

/** The page's client of the stream, with the server's keys in place of a cookie. */
function coreOf(t: ExecutionContext, { server }: Pick<ServerUnderTest, 'server'>) {
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const messages: LiveMessage[] = [];
  const core = new LiveCore(
    `${server.url}/events.get_live`,
    (message) => messages.push(message),
    (input, init) => fetch(input, { ...init, headers: { ...init?.headers, authorization } }),
  );
  const keys = new Set<string>();
  t.teardown(() => {
    for (const key of keys) core.remove(key);
  });
  return {
    messages,
    add: (key: string, wanted: Omit<Parameters<LiveCore['add']>[0], 'key'>) => {
      keys.add(key);
      core.add({ key, ...wanted });
    },
    remove: (key: string) => core.remove(key),
    /** Texts of the lines that a subscription got. */
    lines: (key: string) =>
      messages.flatMap((message) =>
        message.type === 'event' && message.key === key
          ? ((message.event.data.lines ?? []) as { msg: string }[]).map(({ msg }) => msg)
          : [],
      ),
    states: () => messages.flatMap((message) => (message.type === 'state' ? [message.state] : [])),
    rereads: (key: string) =>
      messages.filter((message) => message.type === 'reread' && message.key === key).length,
  };
}

async function newTask({ call }: Pick<ServerUnderTest, 'call'>): Promise<string> {
  return (await call<{ id: string }>('tasks.create', { name: 'one', type: 'training' })).id;
}

function report({ call }: Pick<ServerUnderTest, 'call'>, task: string, msg: string) {
  return call('events.add_batch', [{ type: 'log', task, timestamp: Date.now(), msg }]);
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`);

test('each line comes once while others begin and end to follow other logs', async (t) => {
  const under = await serverUnderTest(t);
  const [task, other] = [await newTask(under), await newTask(under)];
  const core = coreOf(t, under);
  core.add('steady', { log: task, tail: 100 });
  for (let index = 0; index < 60; index += 1) {
    await report(under, task, `line ${index}`);
    if (index % 5 === 0) core.add(`visit ${index}`, { log: index % 2 === 0 ? other : task, tail: 3 });
    if (index % 5 === 3) core.remove(`visit ${index - 3}`);
  }
  await until(() => core.lines('steady').length >= 60, {
    what: 'all lines',
    context: () => JSON.stringify(core.lines('steady')),
  });
  t.deepEqual(core.lines('steady'), numbers(60));
});

test('two who follow one log get each its own last lines, and all that comes then', async (t) => {
  const under = await serverUnderTest(t);
  const task = await newTask(under);
  for (const line of numbers(10)) await report(under, task, line);
  const core = coreOf(t, under);
  core.add('one', { log: task, tail: 100 });
  await until(() => core.lines('one').length === 10, { what: 'the lines of the first' });
  await report(under, task, 'line 10');
  core.add('two', { log: task, tail: 100 });
  await report(under, task, 'line 11');
  await until(() => core.lines('one').length >= 12 && core.lines('two').length >= 12, { what: 'all lines' });
  t.deepEqual(core.lines('one'), numbers(12));
  t.deepEqual(core.lines('two'), numbers(12));
});

test('a server that restarts costs no line, and what lists show is read again', async (t) => {
  const [port, filesPort, webPort] = await freePorts(3);
  const ports = { port, filesPort, webPort };
  const first = await serverUnderTest(t, ports);
  const task = await newTask(first);
  const core = coreOf(t, first);
  core.add('log', { log: task, tail: 100 });
  core.add('list', { kinds: ['tasks'] });
  await report(first, task, 'line 0');
  await until(() => core.lines('log').length === 1, { what: 'the first line' });
  const before = core.rereads('list');
  t.true(before >= 1);
  await first.server.close();
  await until(() => core.states().at(-1) === 'away', { what: 'the end' });
  const second = await serverUnderTest(t, { folder: first.folder, ...ports });
  await report(second, task, 'line 1');
  await until(() => core.lines('log').length >= 2, { what: 'the second line' });
  t.is(core.states().at(-1), 'open');
  t.true(core.rereads('list') > before);
  t.deepEqual(core.lines('log'), numbers(2));
});
