import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { cpuSeconds, openDescriptors, residentMegabytes } from '../../bench/measure.js';
import { type clientOf, serverUnderTest } from '../../support/embedded-server.js';
import { runningServer } from '../../support/running-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

type Call = ReturnType<typeof clientOf>['call'];

async function queueIn(call: Call, name: string): Promise<string> {
  return (await call<{ id: string }>('queues.create', { name })).id;
}

async function enqueue(call: Call, queue: string): Promise<string> {
  const { id } = await call<{ id: string }>('tasks.create', { name: 'waited for', type: 'training' });
  await call('tasks.enqueue', { task: id, queue });
  return id;
}

test('a wait ends with a task in any of its queues, and at once if there is one', async (t) => {
  const { call } = await serverUnderTest(t);
  const queues = [await queueIn(call, 'one'), await queueIn(call, 'two')];
  const waiting = call('queues.wait_for_tasks', { queues });
  await enqueue(call, queues[1] ?? '');
  t.deepEqual(await waiting, { queues: [queues[1]] });
  t.deepEqual(await call('queues.wait_for_tasks', { queues }), { queues: [queues[1]] });
});

test('a wait ends with its time, and a task that is put back ends it, too', async (t) => {
  const { call } = await serverUnderTest(t);
  const queue = await queueIn(call, 'one');
  t.deepEqual(await call('queues.wait_for_tasks', { queues: [queue], timeout_sec: 0 }), { queues: [] });
  const task = await enqueue(call, queue);
  await call('queues.get_next_task', { queue });
  const waiting = call('queues.wait_for_tasks', { queues: [queue] });
  await call('queues.add_task', { queue, task });
  t.deepEqual(await waiting, { queues: [queue] });
});

test('an unknown queue and a wait that is too long are refused', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const queue = await queueIn(call, 'one');
  t.is(await refusal('queues.wait_for_tasks', { queues: [queue, 'missing'] }), '400/701');
  t.is(await refusal('queues.wait_for_tasks', { queues: [queue], timeout_sec: 26 }), '400/12');
  t.is(await refusal('queues.wait_for_tasks', {}), '400/12');
});

test('the end of the server ends the waits', async (t) => {
  const { call, server } = await serverUnderTest(t);
  const waiting = call('queues.wait_for_tasks', { queues: [await queueIn(call, 'one')] });
  // The wait has reached the server once a later call was answered.
  await call('queues.get_all');
  await server.close();
  t.deepEqual(await waiting, { queues: [] });
});

const MANY = 1000;
/** Of one that waits, with its connection; measured: 31. */
const MOST_KILOBYTES = 60;
const HELD_MS = 3000;
/** Of a core, for all; measured: less than 0.1 %. */
const MOST_CPU = 0.05;

test('a thousand waits cost the server little, and all end with a task that stays in its queue', async (t) => {
  const { child, server, call } = await runningServer(temporaryFolder(t));
  t.teardown(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  const queue = await queueIn(call, 'one');
  const { token } = await call<{ token: string }>('auth.login');
  const agent = new http.Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const before = residentMegabytes(pid);
  const sent: Promise<void>[] = [];
  const answers = Array.from({ length: MANY }, () => {
    const body = JSON.stringify({ queues: [queue] });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = http.request(`${server.url}/queues.wait_for_tasks`, { method: 'POST', agent, headers });
    sent.push(new Promise((resolve) => request.end(body, resolve)));
    return new Promise<number>((resolve, reject) => {
      request.once('error', reject);
      request.once('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
    });
  });
  await Promise.all(sent);
  await until(() => openDescriptors(pid) > MANY, { what: 'the connections' });
  await call('queues.get_all');
  const kilobytes = (1024 * (residentMegabytes(pid) - before)) / MANY;
  const used = cpuSeconds(pid);
  await sleep(HELD_MS);
  const share = (cpuSeconds(pid) - used) / (HELD_MS / 1000);
  t.log(`${kilobytes.toFixed(0)} KB each, ${(100 * share).toFixed(1)} % of a core`);
  t.true(kilobytes < MOST_KILOBYTES, `${kilobytes} KB`);
  t.true(share < MOST_CPU, `${share} of a core`);
  await enqueue(call, queue);
  const statuses = await Promise.all(answers);
  t.deepEqual([...new Set(statuses)], [200]);
});
