import test from 'ava';
import {
  checkWeights,
  priorityOrder,
  type QueueOrder,
  queueOrder,
  turnOrder,
  weightedOrder,
} from '../../../src/daemon/queues/queue-order.js';

const queues = ['a', 'b', 'c'].map((id) => ({ id }));
const placeOf = (id: string) => queues.findIndex((queue) => queue.id === id);

function asked(order: QueueOrder, served?: string): string {
  if (served !== undefined) order.pulled(served);
  return order
    .arrange(queues)
    .map(({ id }) => id)
    .join('');
}

/** The queues that give the next tasks when all of them have some. */
function pulls(order: QueueOrder, count: number, from = queues): string {
  let taken = '';
  while (taken.length < count) {
    const [first] = order.arrange(from);
    taken += first?.id;
    order.pulled(first?.id ?? '');
  }
  return taken;
}

test('priority order starts at the first queue whatever was served last', (t) => {
  t.is(asked(priorityOrder(), 'b'), 'abc');
});

test('fair order starts after the queue that was served last', (t) => {
  const order = turnOrder();
  t.is(asked(order), 'abc');
  t.is(asked(order, 'a'), 'bca');
  t.is(asked(order, 'c'), 'abc');
});

test('weights mix the queues, they do not serve one queue first', (t) => {
  t.is(pulls(weightedOrder([3, 1], placeOf), 8, queues.slice(0, 2)), 'aabaaaba');
  t.is(pulls(weightedOrder([1, 1, 1], placeOf), 6), 'abcabc');
});

test('looks at the queues change nothing', (t) => {
  const order = weightedOrder([2, 1, 1], placeOf);
  t.is(asked(order), 'abc');
  t.is(asked(order), 'abc');
  t.is(asked(order, 'a'), 'bca');
  t.is(asked(order), 'bca');
  t.is(asked(order, 'b'), 'cab');
});

test('a queue that was empty for long does not make up for it', (t) => {
  const order = weightedOrder([1, 1], placeOf);
  pulls(order, 1000, queues.slice(0, 1));
  t.is(pulls(order, 6, queues.slice(0, 2)), 'bababa');
});

test('a single weight gives all other queues the weight 1', (t) => {
  const order = queueOrder('priority', [{ weight: 2 }, {}], placeOf);
  t.is(pulls(order, 6, queues.slice(0, 2)), 'abaaba');
  t.is(pulls(queueOrder('priority', [{}, {}], placeOf), 3), 'aaa');
  t.is(pulls(queueOrder('fair', [{}, {}], placeOf), 3), 'abc');
});

test('weights that have no effect are refused', (t) => {
  t.notThrows(() => checkWeights('priority', [{ weight: 3 }, {}]));
  t.notThrows(() => checkWeights('fair', [{}, {}]));
  t.throws(() => checkWeights('fair', [{ weight: 3 }, {}]), {
    code: 'USAGE',
    message: /^--order-fairness and weights in --queue are both given$/,
  });
  t.throws(() => checkWeights('priority', [{ weight: 3 }]), { code: 'USAGE', message: /only queue/ });
});
