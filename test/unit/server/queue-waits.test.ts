import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { QueueWaits } from '../../../src/server/tasks/queue-waits.js';
import { until } from '../../support/until.js';

/** Waits over queues in memory, which note who is told in which order. */
function setUp() {
  const entries = new Map<string, number>();
  const waits = new QueueWaits((queue) => entries.get(queue) ?? 0);
  const told: string[] = [];
  return {
    entries,
    waits,
    told,
    wait: (name: string, queues: string[], { ms = 60_000, gone = new AbortController().signal } = {}) =>
      waits.wait(queues, { ms, gone }).then(() => void told.push(name)),
    put: (queue: string) => {
      entries.set(queue, (entries.get(queue) ?? 0) + 1);
      waits.queued(queue);
    },
  };
}

test('a task is told to the one that waits longest; the others wait on while it is taken', async (t) => {
  const { entries, wait, told, put, waits } = setUp();
  const all = ['first', 'second', 'third'].map((name) => wait(name, ['q', 'other']));
  put('q');
  await until(() => told.length > 0, { what: 'the first' });
  entries.set('q', 0);
  await sleep(150);
  t.deepEqual(told, ['first']);
  put('other');
  await until(() => told.length > 1, { what: 'the second' });
  t.deepEqual(told, ['first', 'second']);
  waits.close();
  await Promise.all(all);
});

test('a task that nobody takes is told to more and more, and to all in the end', async (t) => {
  const { wait, told, put } = setUp();
  const all = Array.from({ length: 100 }, (_, number) => wait(String(number), ['q']));
  put('q');
  await Promise.all(all);
  t.deepEqual(
    told,
    Array.from({ length: 100 }, (_, number) => String(number)),
  );
});

test('a queue that has a task is not waited for, nor one of which the server was closed', async (t) => {
  const { put, wait, waits, told } = setUp();
  put('q');
  await wait('full', ['empty', 'q']);
  waits.close();
  await wait('closed', ['empty']);
  t.deepEqual(told, ['full', 'closed']);
});

test('a wait ends with its time and with its client', async (t) => {
  const { wait, told } = setUp();
  const client = new AbortController();
  const waiting = [wait('time', ['q'], { ms: 1 }), wait('client', ['q'], { gone: client.signal })];
  await until(() => told.length > 0, { what: 'the end of the time' });
  client.abort();
  await Promise.all(waiting);
  await wait('late', ['q'], { gone: client.signal });
  t.deepEqual(told, ['time', 'client', 'late']);
});
