import test, { type ExecutionContext } from 'ava';
import { WorkersApi } from '../../../src/api/workers.js';
import type { Registration } from '../../../src/daemon/registry.js';
import { serverWideId } from '../../../src/daemon/server-wide-id.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { apiClientFor } from '../../support/api-client.js';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { until } from '../../support/until.js';

function registration(slot: number, inherited = false): Registration {
  const nothing = async () => undefined;
  return { workerId: `box:${slot}`, folder: '/', inherited, publish: nothing, release: nothing };
}

/** An agent that asks for `box:0`, on a machine of its own unless another has the same. */
async function ask(
  t: ExecutionContext,
  { server }: ServerUnderTest,
  { machine, first = registration(0) }: { machine: string; first?: Registration },
): Promise<string> {
  const { client } = apiClientFor(server.url, { credentials: server.credentials });
  const got = await serverWideId(first, {
    workers: new WorkersApi(client),
    // The lock of the machine goes by the server's address.
    server: `${server.url} ${machine}`,
    queues: [],
    signal: new AbortController().signal,
    logger: { info: () => undefined },
    isFixed: false,
    next: async ({ workerId }) => registration(Number(workerId.split(':')[1]) + 1),
    settleMs: 3000,
  });
  t.teardown(got.release);
  return got.registration.workerId;
}

test('agents of one machine and of others share no id, also when they start at once', async (t) => {
  const server = await serverUnderTest(t);
  const ids = await Promise.all(['a', 'a', 'b', 'c'].map((machine) => ask(t, server, { machine })));
  t.is(new Set(ids).size, 4, ids.join(' '));
  t.false(ids.includes(await ask(t, server, { machine: 'd' })));
});

test('an id with runs of a killed daemon is taken again although the server still lists it', async (t) => {
  const server = await serverUnderTest(t);
  await server.call('workers.register', { worker: 'box:0', queues: [] });
  t.is(await ask(t, server, { machine: 'a', first: registration(0, true) }), 'box:0');
  t.is(await ask(t, server, { machine: 'b' }), 'box:1');
});

test('daemons of two homes on one machine are two workers, and a killed one gets its id back', async (t) => {
  const first = await agentUnderTest(t);
  const second = await agentUnderTest(t);
  Object.assign(second.home.env, {
    CLEARML_API_HOST: first.server.url,
    CLEARML_API_ACCESS_KEY: first.server.credentials.accessKey,
    CLEARML_API_SECRET_KEY: first.server.credentials.secretKey,
  });
  const start = async ({ daemon }: typeof first) => {
    const running = daemon();
    const id = () => /Worker "(.*)" - Listening/.exec(running.output())?.[1];
    return { running, id: await until(async () => id(), { what: 'the worker id', context: running.output }) };
  };
  const one = await start(first);
  t.is(one.id, 'test:0');
  t.is((await start(second)).id, 'test:1');
  one.running.kill('SIGKILL');
  await one.running.exited;
  t.is((await start(first)).id, 'test:0');
});
