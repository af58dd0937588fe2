import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { QueueWait } from '../../../src/daemon/queues/queue-wait.js';

interface SetUp {
  offered?: number;
  empty?: readonly string[];
  answer?: () => Promise<void>;
}

function setUp({ offered, empty, answer = async () => undefined }: SetUp) {
  const asked: object[] = [];
  const paused: number[] = [];
  const said: string[] = [];
  const local = new AbortController();
  const wait = new QueueWait({
    queues: {
      waitForTasks: (request) => {
        asked.push(request);
        return answer();
      },
    },
    offered: () => offered,
    empty: () => empty,
    pause: async (ms, signal) => {
      paused.push(ms);
      await sleep(ms, undefined, { signal: AbortSignal.any([signal, local.signal]) }).catch(() => undefined);
    },
    info: (text) => said.push(text),
  });
  return { wait, asked, paused, said, changeHere: () => local.abort() };
}

const NEVER = new AbortController().signal;
const forever = () => new Promise<void>(() => undefined);
const fail = () => Promise.reject(new Error('status 404'));

test('a server without waits and queues with a task are asked at the usual pace', async (t) => {
  for (const given of [{ empty: ['q'] }, { offered: 25 }]) {
    const { wait, asked, paused } = setUp(given);
    await wait.wait(7, NEVER);
    t.deepEqual([asked, paused], [[], [7]]);
  }
});

test('the server is asked for no longer wait than proxies bear', async (t) => {
  const { wait, asked } = setUp({ offered: 600, empty: ['q', 'r'] });
  await wait.wait(7, NEVER);
  t.deepEqual(asked, [{ queues: ['q', 'r'], timeout_sec: 25 }]);
});

test('a server that answers at once is not asked again at once', async (t) => {
  const { wait } = setUp({ offered: 25, empty: ['q'] });
  const begun = performance.now();
  for (let count = 0; count < 3; count += 1) await wait.wait(5000, NEVER);
  const took = performance.now() - begun;
  t.true(took > 290 && took < 4000, `${took} ms`);
});

test('a change here and the end of the daemon end the wait', async (t) => {
  for (const end of ['change', 'stop'] as const) {
    const stop = new AbortController();
    const { wait, changeHere, asked } = setUp({ offered: 25, empty: ['q'], answer: forever });
    const waiting = wait.wait(60_000, stop.signal);
    t.is(asked.length, 1);
    if (end === 'stop') stop.abort();
    else changeHere();
    await t.notThrowsAsync(waiting);
  }
});

test('after two waits that fail in a row the queues are polled, at the usual pace from the first on', async (t) => {
  const { wait, asked, paused, said } = setUp({ offered: 25, empty: ['q'], answer: fail });
  for (let count = 0; count < 4; count += 1) await wait.wait(20, NEVER);
  t.is(asked.length, 2);
  t.is(paused.filter((ms) => ms <= 20).length, 4);
  t.deepEqual(said, ['the server cannot tell when a task is queued, so the queues are polled: status 404']);
});

test('one wait that fails between others is no reason to poll', async (t) => {
  let count = 0;
  const answer = () => {
    count += 1;
    return count % 2 === 0 ? fail() : Promise.resolve();
  };
  const { wait, asked, said } = setUp({ offered: 25, empty: ['q'], answer });
  for (let round = 0; round < 6; round += 1) await wait.wait(1, NEVER);
  t.is(asked.length, 6);
  t.deepEqual(said, []);
});
