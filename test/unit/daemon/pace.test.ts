import test from 'ava';
import fc from 'fast-check';
import { waitAfterLook } from '../../../src/daemon/queues/pace.js';

const ADAPTIVE = { kind: 'adaptive' } as const;
const MINUTE_MS = 60_000;
/** Between two reports of an idle worker. */
const REPORT_MS = 61_000;

const spreads = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 1,
  maxLength: 50,
});
const quiet = fc.double({ min: 0, max: 1e9, noNaN: true });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** When looks begin that take `lookMs` each, for so long from the last activity on. */
function looks(spread: readonly number[], lookMs: number, forMs: number, from = 0): number[] {
  const times = [];
  for (let at = from, count = 0; at < from + forMs; count += 1) {
    times.push(at);
    const standing = { quietMs: at + lookMs, looks: count, lookMs };
    at += lookMs + waitAfterLook(ADAPTIVE, standing, spread[count % spread.length] ?? 0);
  }
  return times;
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

test('right after activity a look comes every half second', (t) => {
  fc.assert(
    fc.property(spreads, fc.integer({ min: 0, max: 100 }), (spread, lookMs) => {
      for (const gap of gaps(looks(spread, lookMs, 40_000))) t.true(gap > 499.9 && gap < 530);
    }),
  );
});

test('the pace slackens to the idle one over some minutes and never gets faster on its way', (t) => {
  fc.assert(
    fc.property(quiet, quiet, random, (one, other, at) => {
      const wait = (quietMs: number) => waitAfterLook(ADAPTIVE, { quietMs, looks: 0, lookMs: 0 }, at);
      t.true(wait(Math.min(one, other)) <= wait(Math.max(one, other)));
    }),
  );
  const wait = (minutes: number) =>
    waitAfterLook(ADAPTIVE, { quietMs: minutes * MINUTE_MS, looks: 0, lookMs: 0 }, 0);
  t.deepEqual([0, 0.5, 2, 4, 8, 1e6].map(wait), [500, 500, 1500, 3000, 5620, 5620]);
});

test('an idle daemon makes at most 12 requests in any minute, its report included, and looks every 6 s', (t) => {
  fc.assert(
    fc.property(spreads, fc.integer({ min: 0, max: 150 }), (spread, lookMs) => {
      const times = looks(spread, lookMs, 10 * MINUTE_MS, 10 * MINUTE_MS);
      t.true(Math.max(...gaps(times)) <= 6000);
      for (const begin of times) {
        const inMinute = times.filter((time) => time >= begin && time <= begin + MINUTE_MS).length;
        t.true(inMinute + Math.ceil(MINUTE_MS / REPORT_MS) <= 12);
      }
    }),
    { numRuns: 50 },
  );
});

test('a server that is slow to answer gets half of the interval without a look', (t) => {
  fc.assert(
    fc.property(quiet, fc.double({ min: 0, max: 1e6, noNaN: true }), random, (quietMs, lookMs, at) => {
      const quick = waitAfterLook(ADAPTIVE, { quietMs, looks: 0, lookMs: 0 }, at);
      const slow = waitAfterLook(ADAPTIVE, { quietMs, looks: 0, lookMs }, at);
      t.true(slow >= quick / 2 && slow <= quick);
    }),
  );
});

test('a fixed pace stays as it is however long nothing happens', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 86_400_000 }), quiet, random, (ms, quietMs, at) => {
      const wait = waitAfterLook({ kind: 'fixed', ms }, { quietMs, looks: 10, lookMs: 0 }, at);
      t.true(wait >= ms && wait <= 1.2 * ms);
    }),
  );
});
