import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { QueueWaits } from '../../../src/server/tasks/queue-waits.js';
import { until } from '../../support/until.js';

/** Waits over queues in memory, which note in which order they end. */
function setUp() {
  const entries = new Map<string, number>();
  const waits = new QueueWaits((queue) => entries.get(queue) ?? 0);
  const ended: string[] = [];
  return {
    entries,
    waits,
    ended,
    wait: (name: string, queues: string[], { ms = 60_000, gone = new AbortController().signal } = {}) =>
      waits.wait(queues, { ms, gone }).then(() => void ended.push(name)),
    put: (queue: string) => {
      entries.set(queue, (entries.get(queue) ?? 0) + 1);
      waits.queued(queue);
    },
  };
}

test('a task ends the oldest wait; the others last while an agent takes it', async (t) => {
  const { entries, wait, ended, put, waits } = setUp();
  const all = ['first', 'second', 'third'].map((name) => wait(name, ['q', 'other']));
  put('q');
  await until(() => ended.length > 0, { what: 'the first' });
  entries.set('q', 0);
  await sleep(150);
  t.deepEqual(ended, ['first']);
  put('other');
  await until(() => ended.length > 1, { what: 'the second' });
  t.deepEqual(ended, ['first', 'second']);
  waits.close();
  await Promise.all(all);
});

test('a task that stays in its queue ends more and more waits, and all in the end', async (t) => {
  const { wait, ended, put } = setUp();
  const all = Array.from({ length: 100 }, (_, number) => wait(String(number), ['q']));
  put('q');
  await Promise.all(all);
  t.deepEqual(
    ended,
    Array.from({ length: 100 }, (_, number) => String(number)),
  );
});

test('a queue that has a task is not waited for, nor one of which the server was closed', async (t) => {
  const { put, wait, waits, ended } = setUp();
  put('q');
  await wait('full', ['empty', 'q']);
  waits.close();
  await wait('closed', ['empty']);
  t.deepEqual(ended, ['full', 'closed']);
});

test('a wait ends with its time and with its client', async (t) => {
  const { wait, ended } = setUp();
  const client = new AbortController();
  const waiting = [wait('time', ['q'], { ms: 1 }), wait('client', ['q'], { gone: client.signal })];
  await until(() => ended.length > 0, { what: 'the end of the time' });
  client.abort();
  await Promise.all(waiting);
  await wait('late', ['q'], { gone: client.signal });
  t.deepEqual(ended, ['time', 'client', 'late']);
});
