import test from 'ava';
import { queuesToAsk } from '../../../src/daemon/queues/poller.js';

const queue = (id: string, entries: string[] | undefined, allowed = true) => ({ id, entries, allowed });
const ids = (queues: readonly { id: string }[]) => queues.map(({ id }) => id);

test('priority order starts at the first queue whatever was served last', (t) => {
  const queues = [queue('a', ['1']), queue('b', ['2'])];
  t.deepEqual(ids(queuesToAsk(queues, 'priority', 'a')), ['a', 'b']);
});

test('fair order resumes after the queue that was served last', (t) => {
  const queues = [queue('a', ['1']), queue('b', ['2']), queue('c', ['3'])];
  t.deepEqual(ids(queuesToAsk(queues, 'fair', undefined)), ['a', 'b', 'c']);
  t.deepEqual(ids(queuesToAsk(queues, 'fair', 'a')), ['b', 'c', 'a']);
  t.deepEqual(ids(queuesToAsk(queues, 'fair', 'c')), ['a', 'b', 'c']);
});

test('empty queues are not asked, queues of unknown length are', (t) => {
  t.deepEqual(ids(queuesToAsk([queue('a', []), queue('b', undefined)], 'priority', undefined)), ['b']);
});

test('a queue that may not be pulled from now is left out', (t) => {
  t.deepEqual(ids(queuesToAsk([queue('a', ['1'], false), queue('b', ['2'])], 'fair', undefined)), ['b']);
});
