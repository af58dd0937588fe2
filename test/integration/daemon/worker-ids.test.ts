import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { WorkersApi } from '../../../src/api/workers.js';
import { serverWideId } from '../../../src/daemon/server-wide-id.js';
import { workerFolder } from '../../../src/os/paths.js';
import type { Registration } from '../../../src/runs/registry.js';
import { AGENT_SCRIPT } from '../../support/agent-process.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { apiClientFor } from '../../support/api-client.js';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { hookedFront } from '../../support/hooked-front.js';
import { startOnHost } from '../../support/other-host.js';
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

test('a container made again under another host name has its fixed worker id at once', async (t) => {
  const { home } = await agentUnderTest(t, { CLEARML_WORKER_ID: 'box:gpu0' });
  const start = async (host: string) => {
    const argv = [process.execPath, AGENT_SCRIPT, 'daemon', '--queue', 'default', '--foreground'];
    const { env, folder: cwd } = home;
    const child = startOnHost(t, { host, argv, cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const pieces: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (piece) => pieces.push(String(piece)));
    const output = () => pieces.join('');
    const says = /Worker "box:gpu0" - Listening|already running here/;
    const answer = await until(() => says.exec(output())?.[0], { what: host, context: output });
    return { child, answer };
  };
  const first = await start('first');
  t.regex(first.answer, /Listening/);
  t.is((await start('beside')).answer, 'already running here');
  const ended = once(first.child, 'exit');
  first.child.kill('SIGKILL');
  await ended;
  const killed = Date.now();
  t.regex((await start('second')).answer, /Listening/);
  t.true(Date.now() - killed < 60_000);
});

const MOMENTS: [moment: string, endpoint: string, which: 'before' | 'after', call: number][] = [
  ['as it asks who has the id', 'workers.get_all', 'before', 1],
  ['once it knows that nobody has it', 'workers.get_all', 'after', 1],
  ['as it registers', 'workers.register', 'before', 1],
  ['once it is registered', 'workers.register', 'after', 1],
  ['as it looks whether it still has the id', 'workers.get_all', 'before', 2],
  ['once it knows that it has the id', 'workers.get_all', 'after', 2],
  ['as it registers for good', 'workers.register', 'before', 2],
];

for (const [moment, endpoint, which, call] of MOMENTS) {
  test(`SIGTERM while the worker id is settled, ${moment}: exit status 0 and nothing is left`, async (t) => {
    const under = await agentUnderTest(t);
    const { home, server, daemon } = under;
    let calls = 0;
    const act = (seen: { endpoint: string }): void => {
      if (seen.endpoint !== endpoint) return;
      calls += 1;
      if (calls === call) running.kill('SIGTERM');
    };
    home.env.CLEARML_API_HOST = await hookedFront(t, server.url, {
      [which]: act,
    });
    const running = daemon();
    const { code } = await running.exited;
    t.is(code, 0, running.output());
    t.true(calls >= call);
    const { workers } = await under.call<{ workers: { id: string }[] }>('workers.get_all', { last_seen: 0 });
    t.deepEqual(workers, []);
    const folder = workerFolder(path.join(home.folder, '.clearml', 'agent'), 'test:0');
    t.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('lock') || name === 'daemon.json'),
      [],
    );
    const next = daemon();
    await until(() => next.output().includes('Worker "test:0" - Listening'), {
      what: 'the next daemon',
      context: next.output,
    });
  });
}
