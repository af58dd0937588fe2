import test from 'ava';
import fc from 'fast-check';
import {
  afterPull,
  firstTurns,
  splitWeight,
  type Turns,
  weightOf,
} from '../../../src/daemon/queues/weights.js';

const weightLists = (most: number) =>
  fc.array(fc.integer({ min: 1, max: most }), { minLength: 2, maxLength: 8 });

/** Position of the queue that is next; of those that can give a task, where they are named. */
function nextOf(turns: Turns, able = turns.map(() => true)): number {
  return turns.reduce(
    (best, turn, at) => (able[at] && (best < 0 || turn < (turns[best] ?? 0)) ? at : best),
    -1,
  );
}

function countPulls(weights: readonly number[], pulls: number): number[] {
  const counts = weights.map(() => 0);
  let turns = firstTurns(weights);
  for (let pull = 0; pull < pulls; pull += 1) {
    const served = nextOf(turns);
    counts[served] = (counts[served] ?? 0) + 1;
    turns = afterPull(turns, weights, served);
  }
  return counts;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

test('each queue gets its share of 10,000 tasks within 5 %', (t) => {
  const property = fc.property(weightLists(20), (weights) => {
    const counts = countPulls(weights, 10_000);
    return weights.every((weight, at) => {
      const due = (10_000 * weight) / sum(weights);
      return Math.abs((counts[at] ?? 0) - due) <= 0.05 * due;
    });
  });
  t.notThrows(() => fc.assert(property, { numRuns: 30 }));
});

test('at every moment each queue is within a few tasks of its share', (t) => {
  const property = fc.property(weightLists(1000), fc.integer({ min: 1, max: 500 }), (weights, pulls) => {
    const counts = countPulls(weights, pulls);
    return weights.every(
      (weight, at) => Math.abs((counts[at] ?? 0) - (pulls * weight) / sum(weights)) <= weights.length,
    );
  });
  t.notThrows(() => fc.assert(property));
});

/** Which queues can give a task at each pull. */
const abilities = (queues: number) =>
  fc.array(fc.array(fc.boolean(), { minLength: queues, maxLength: queues }), { maxLength: 200 });

test('a queue that can give a task has its turn within a bounded number of pulls', (t) => {
  const cases = weightLists(1000).chain((weights) =>
    fc.tuple(fc.constant(weights), abilities(weights.length)),
  );
  const property = fc.property(cases, ([weights, history]) => {
    let turns = firstTurns(weights);
    for (const able of history) {
      const served = nextOf(turns, able);
      if (served >= 0) turns = afterPull(turns, weights, served);
    }
    // From here on all of them can.
    return weights.every((weight, wanted) => {
      let now = turns;
      const bound = sum(weights.map((other) => Math.ceil(other / weight) + 1));
      for (let pull = 0; pull < bound; pull += 1) {
        const served = nextOf(now);
        if (served === wanted) return true;
        now = afterPull(now, weights, served);
      }
      return false;
    });
  });
  t.notThrows(() => fc.assert(property));
});

test('no queue has more than one turn of advance or of arrears', (t) => {
  const cases = weightLists(1000).chain((weights) =>
    fc.tuple(fc.constant(weights), abilities(weights.length)),
  );
  const property = fc.property(cases, ([weights, history]) => {
    let turns = firstTurns(weights);
    return history.every((able) => {
      const served = nextOf(turns, able);
      if (served >= 0) turns = afterPull(turns, weights, served);
      return turns.every((turn, at) => turn >= 0 && turn <= 1 / (weights[at] ?? 1));
    });
  });
  t.notThrows(() => fc.assert(property));
});

test('a name and its weight', (t) => {
  t.deepEqual(splitWeight('team:gpu:3'), { name: 'team:gpu', weight: '3' });
  t.is(splitWeight(':3'), undefined);
  t.is(splitWeight('gpu'), undefined);
  t.is(weightOf('gpu:1000', '1000'), 1000);
  for (const wrong of ['0', '-1', '1001', '1e3', '0.5', 'x', '', ' 3', '٣'])
    t.throws(() => weightOf(`gpu:${wrong}`, wrong), {
      code: 'USAGE',
      message: `--queue "gpu:${wrong}": a weight is a whole number from 1 to 1000, got "${wrong}"`,
    });
});
