import test from 'ava';
import fc from 'fast-check';
import { isBelowLimit, parseQueueLimits, withLimits } from '../../../src/daemon/queues/queue-limits.js';
import { weightedOrder } from '../../../src/daemon/queues/queue-order.js';

const QUEUES = ['one', 'two=b'].map((name, at) => ({ id: `id${at}`, name, tags: [] }));

test('limits are of queues by name or id', (t) => {
  const limits = parseQueueLimits(['ONE=2', 'two=b=10000']);
  t.deepEqual(
    withLimits(QUEUES, limits).map(({ limit }) => limit),
    [2, 10_000],
  );
  t.deepEqual(
    withLimits(QUEUES, parseQueueLimits(['id1=1'])).map(({ limit }) => limit),
    [undefined, 1],
  );
});

const NO_NUMBER = 'a limit is a whole number from 1 to 10000, got';
const WRONG: readonly [limit: string, problem: string][] = [
  ['one', 'expected name=2'],
  ['=1', 'expected name=2'],
  ['one=', `${NO_NUMBER} ""`],
  ['one=0', `${NO_NUMBER} "0"`],
  ['one=-1', `${NO_NUMBER} "-1"`],
  ['one=1.5', `${NO_NUMBER} "1.5"`],
  ['one=many', `${NO_NUMBER} "many"`],
  ['one=10001', `${NO_NUMBER} "10001"`],
  ['one= 1', `${NO_NUMBER} " 1"`],
];

for (const [limit, problem] of WRONG)
  test(`the limit "${limit}" is refused`, (t) => {
    t.throws(() => parseQueueLimits([limit]), {
      code: 'USAGE',
      message: `--queue-limit "${limit}": ${problem}`,
    });
  });

test('a limit of a queue that is not served, and a second one of a queue, are refused', (t) => {
  t.throws(() => withLimits(QUEUES, parseQueueLimits(['three=1'])), {
    code: 'USAGE',
    message: '--queue-limit "three=1": this daemon serves no queue "three" (one, two=b)',
  });
  t.throws(() => withLimits(QUEUES, parseQueueLimits(['one=1', 'id0=2'])), {
    code: 'USAGE',
    message: '--queue-limit "id0=2": the queue "one" has a limit already',
  });
});

test('runs of a queue that was deleted and made again count', (t) => {
  const placeOf = (id: string) => (id.startsWith('a') ? 0 : undefined);
  t.true(isBelowLimit('a1', [2], [{ queue: 'a1' }, { queue: 'b' }, {}], placeOf));
  t.false(isBelowLimit('a2', [2], [{ queue: 'a1' }, { queue: 'a2' }], placeOf));
  t.true(isBelowLimit('a1', [undefined], [{ queue: 'a1' }], placeOf));
});

test('limits are never exceeded, and nothing waits that may run', (t) => {
  const queue = fc.record({
    limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    weight: fc.integer({ min: 1, max: 10 }),
    waiting: fc.integer({ min: 0, max: 20 }),
  });
  const property = fc.property(
    fc.array(queue, { minLength: 1, maxLength: 5 }),
    fc.array(fc.oneof(fc.constant('pull' as const), fc.nat()), { maxLength: 100 }),
    (given, history) => {
      const queues = given.map((one, at) => ({ ...one, id: String(at) }));
      const placeOf = (id: string) => Number(id);
      const limits = queues.map(({ limit }) => limit);
      const order = weightedOrder(
        queues.map(({ weight }) => weight),
        placeOf,
      );
      const runs: { queue: string }[] = [];
      const running = (id: string) => runs.filter((run) => run.queue === id).length;
      return history.every((step) => {
        if (step !== 'pull') {
          runs.splice(step % (runs.length + 1), 1);
          return true;
        }
        const able = queues.filter(
          ({ id, waiting }) => waiting > 0 && isBelowLimit(id, limits, runs, placeOf),
        );
        const [next] = order.arrange(able);
        if (next === undefined)
          return queues.every(({ id, waiting, limit }) => waiting === 0 || running(id) === limit);
        next.waiting -= 1;
        runs.push({ queue: next.id });
        order.pulled(next.id);
        return queues.every(({ id, limit }) => running(id) <= (limit ?? Number.POSITIVE_INFINITY));
      });
    },
  );
  t.notThrows(() => fc.assert(property));
});
