import test from 'ava';
import { isBelowLimit, parseQueueLimits, withLimits } from '../../../src/daemon/queues/queue-limits.js';

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
