import test, { type ExecutionContext } from 'ava';
import { QueuesApi } from '../../../src/api/queues.js';
import { ServedQueues } from '../../../src/daemon/queues/served-queues.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { apiClientFor } from '../../support/api-client.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { until } from '../../support/until.js';

const { signal } = new AbortController();

/** Queues on a server, served by nobody but these looks. */
async function served(t: ExecutionContext, ...names: string[]) {
  const { server, call } = await serverUnderTest(t);
  const { client } = apiClientFor(server.url, { credentials: server.credentials });
  const create = async (name: string) => (await call<{ id: string }>('queues.create', { name })).id;
  const given = [];
  for (const name of names) given.push({ id: await create(name), name });
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  const queues = new ServedQueues({
    queues: new QueuesApi(client),
    served: given,
    searchMs: 0,
    info: say,
    warn: say,
  });
  const look = async () => (await queues.look(signal)).map(({ name }) => name);
  const ids = given.map(({ id }) => id);
  return { call, create, ids, queues, look, said };
}

test('one of several queues vanishes: one line with its name, and the others are served', async (t) => {
  const { call, ids, queues, look, said } = await served(t, 'first', 'second', 'third');
  await call('queues.delete', { queue: ids[1] });
  for (let looks = 0; looks < 4; looks += 1) t.deepEqual(await look(), ['first', 'third']);
  t.is(said.length, 1);
  t.regex(said[0] ?? '', /queue "second" .* not on the server any more/);
  t.deepEqual(queues.ids, [ids[0], ids[2]]);
});

test('a queue made again under its name is served in its old place, again and again', async (t) => {
  const { call, create, ids, look, said } = await served(t, 'a.b+c (d)', 'other');
  let id = ids[0];
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await call('queues.delete', { queue: id });
    t.deepEqual(await look(), ['other']);
    await create('a.b+c (d) too');
    t.deepEqual(await look(), ['other']);
    id = await create('a.b+c (d)');
    t.deepEqual(await look(), ['a.b+c (d)', 'other']);
    await call('queues.delete', {
      queue: (await call<{ queues: { id: string }[] }>('queues.get_all', { name: 'too$' })).queues[0]?.id,
    });
  }
  t.is(said.length, 6);
});

test('all queues vanish and others are there: nothing is pulled', async (t) => {
  const { call, create, ids, look } = await served(t, 'only');
  await create('a stranger');
  await call('queues.delete', { queue: ids[0] });
  t.deepEqual(await look(), []);
  t.deepEqual(await look(), []);
});

test('a renamed queue is served, and after its end a queue with either name', async (t) => {
  const { call, create, ids, look, said } = await served(t, 'before');
  await call('queues.update', { queue: ids[0], name: 'behind' });
  t.deepEqual(await look(), ['behind']);
  await create('before');
  t.deepEqual(await look(), ['behind']);
  await call('queues.delete', { queue: ids[0] });
  t.deepEqual(await look(), []);
  t.regex(said[0] ?? '', /queue "behind"/);
  t.deepEqual(await look(), ['before']);
});

test('a daemon serves a queue that was deleted and made again', async (t) => {
  const agent = await agentUnderTest(t);
  const daemon = agent.agent('daemon', '--queue', 'again', '--create-queue', '--foreground');
  const named = async () =>
    (await agent.call<{ queues: { id: string }[] }>('queues.get_all', { name: '^again$' })).queues[0]?.id;
  const first = await until(named, { what: 'the queue', context: daemon.output });
  const says = (text: RegExp) => async () => text.test(daemon.output());
  await until(says(/Listening to queues/), { what: 'the daemon', context: daemon.output });
  await agent.call('queues.delete', { queue: first });
  await until(says(/"again" .* any more/), { what: 'the warning', context: daemon.output });
  const { id } = await agent.call<{ id: string }>('queues.create', { name: 'again' });
  const task = await agent.enqueue({ binary: '/bin/sh', entry_point: 'a.sh', diff: 'echo done\n' }, id);
  t.is((await agent.ended(task)).status, 'completed', daemon.output());
  t.is(daemon.output().match(/any more/g)?.length, 1);
  const { workers } = await agent.call<{ workers: { queues: { id: string }[] }[] }>('workers.get_all', {});
  t.deepEqual(
    workers[0]?.queues.map((queue) => queue.id),
    [id],
  );
});
