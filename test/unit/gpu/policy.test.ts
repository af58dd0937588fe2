import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { pickDevices } from '../../../src/gpu/pick-devices.js';
import { nearestDevices } from '../../../src/gpu/policy/nearest.js';
import {
  type DeviceRequest,
  deviceChoices,
  firstToStart,
  MOST_AHEAD,
  reserveDevices,
  type Start,
} from '../../../src/gpu/policy/reserve.js';
import { mixedTasks, type SimulatedTask, simulate } from '../../support/gpu-simulation.js';

const MINUTE = 60_000;
const card = (number: number) => ({ id: `${number}`, key: `GPU-${number}`, card: number });
const CARDS = [0, 1, 2, 3, 4, 5, 6, 7].map(card);

/** Pairs over NVLink, fours under one socket. */
const PAIRS = CARDS.map(({ card: one }) =>
  CARDS.map(({ card: other }) =>
    one === other ? 0 : one >> 1 === other >> 1 ? 1.1 : one >> 2 === other >> 2 ? 4 : 6,
  ),
);

const NEAREST: [what: string, free: number[], count: number, chosen: number[]][] = [
  ['a pair is linked', [1, 2, 3, 5], 2, [2, 3]],
  ['four are under one socket', [0, 1, 2, 4, 5, 6, 7], 4, [4, 5, 6, 7]],
  ['one card leaves pairs whole', [0, 1, 3, 4, 5], 1, [3]],
  ['a pair leaves a socket whole', [0, 1, 4, 5, 6, 7], 2, [0, 1]],
  ['all that is free', [6, 7], 2, [6, 7]],
];

for (const [what, free, count, chosen] of NEAREST) {
  test(`nearest devices: ${what}`, (t) => {
    const picked = nearestDevices(free.map(card), count, PAIRS);
    t.deepEqual(
      picked.map((one) => one.card),
      chosen,
    );
  });
}

test('nearest devices: without a topology the first ones, and many cards are chosen quickly', (t) => {
  t.deepEqual(nearestDevices(CARDS, 3, undefined), CARDS.slice(0, 3));
  const many = Array.from({ length: 64 }, (_, number) => card(number));
  const far = many.map((one) => many.map((other) => Math.abs(one.card - other.card)));
  t.deepEqual(
    nearestDevices(many, 16, far)
      .map((one) => one.card)
      .sort((a, b) => a - b),
    Array.from({ length: 16 }, (_, at) => at),
  );
});

const taken = (number: number, endsBy?: number) => ({
  devices: [{ ...card(number), share: 1 }],
  ...(endsBy === undefined ? {} : { endsBy }),
});
const two = { min: 2, max: 2 };
const four = { min: 4, max: 4 };

test('the head that has waited longest reserves what is free first, and knows when it is due', (t) => {
  const waiting = [
    { queue: 'pair', demand: two, since: 5 },
    { queue: 'four', demand: four, since: 1 },
  ];
  const claims = [taken(0), taken(1, 900), taken(2, 700), taken(3), taken(4), taken(5, 800)];
  const held = reserveDevices({ waiting, devices: CARDS, claims, now: 100, afterMs: 50 });
  t.like(held, { queue: 'four', due: 800 });
  t.deepEqual(
    held?.devices.map(({ id }) => id),
    ['6', '7', '2', '5'],
  );
});

test('a head that waits for a task without an end states no due time', (t) => {
  const waiting = [{ queue: 'four', demand: four, since: 0 }];
  const held = reserveDevices({
    waiting,
    devices: CARDS.slice(0, 4),
    claims: [taken(0), taken(1)],
    now: 100,
    afterMs: 50,
  });
  t.deepEqual(held, { queue: 'four', devices: [card(2), card(3)], due: undefined });
});

test('no reservation before the wait, for one GPU, or for more than there are', (t) => {
  const input = { devices: CARDS.slice(0, 2), claims: [], now: 100, afterMs: 50 };
  t.is(reserveDevices({ ...input, waiting: [{ queue: 'a', demand: two, since: 51 }] }), undefined);
  t.is(
    reserveDevices({ ...input, waiting: [{ queue: 'a', demand: { min: 1, max: 2 }, since: 0 }] }),
    undefined,
  );
  t.is(reserveDevices({ ...input, waiting: [{ queue: 'a', demand: four, since: 0 }] }), undefined);
});

const CHOICES: [what: string, due: number | undefined, request: DeviceRequest, last: number[]][] = [
  ['a task without a limit has what is not reserved', 500, { queue: 'single' }, [0, 1]],
  ['so has one that ends too late', 500, { queue: 'single', endsBy: 501 }, [0, 1]],
  ['one that ends in time may have all', 500, { queue: 'single', endsBy: 500 }, [0, 1, 2, 3]],
  ['so has one of a larger size that states none', 500, { queue: 'eight' }, [0, 1]],
  ['none has where no end is known', undefined, { queue: 'single', endsBy: 1 }, [0, 1]],
  ['the queue of the reservation has all', undefined, { queue: 'four' }, [0, 1, 2, 3]],
];

for (const [what, due, request, last] of CHOICES) {
  test(`reserved devices: ${what}`, (t) => {
    const usable = CARDS.slice(0, 4);
    const held = { queue: 'four', devices: CARDS.slice(2), due };
    const choices = deviceChoices(held, request, usable);
    t.deepEqual(
      choices.at(-1)?.map((one) => one.card),
      last,
    );
    // What is not reserved comes first.
    if (choices.length > 1)
      t.deepEqual(
        choices[0]?.map((one) => one.card),
        [0, 1],
      );
    t.deepEqual(deviceChoices(undefined, request, usable), [usable]);
  });
}

const NO_LIMIT = undefined;
const AHEAD: [
  what: string,
  ends: (number | undefined)[],
  due: number | undefined,
  start: Pick<Start, 'at' | 'usesReserved'> | undefined,
][] = [
  ['the first task, if it ends in time', [500, 400], 500, { at: 0, usesReserved: true }],
  ['the first one that ends in time', [NO_LIMIT, 501, 500, 400], 500, { at: 2, usesReserved: true }],
  ['none, if all end too late', [NO_LIMIT, 501], 500, undefined],
  ['none, where the reservation is never due', [NO_LIMIT, 1], undefined, undefined],
  ['none of those farther back', [...Array(MOST_AHEAD).fill(NO_LIMIT), 1], 500, undefined],
];

for (const [what, ends, due, start] of AHEAD) {
  test(`of a queue that finds all free devices reserved starts ${what}`, (t) => {
    const requests = ends.map((endsBy) => ({ queue: 'single', ...(endsBy === undefined ? {} : { endsBy }) }));
    const held = { queue: 'four', devices: CARDS.slice(0, 4), due };
    const claims = CARDS.slice(4).map(({ card: number }) => taken(number));
    const pick = (devices: readonly (typeof CARDS)[number][]) =>
      pickDevices({ demand: { min: 1, max: 1 }, devices, claims, shares: true });
    const found = firstToStart(held, requests, CARDS, pick);
    if (start === undefined) t.is(found, undefined);
    else t.like(found, start);
    t.like(firstToStart(undefined, requests, CARDS, pick), { at: 0, usesReserved: false });
    t.is(firstToStart(held, requests, CARDS.slice(4), pick), undefined);
  });
}

const anyLoad = fc.record({
  seed: fc.integer(),
  load: fc.double({ min: 0.3, max: 1.2, noNaN: true }),
  limits: fc.constantFrom(0, 0.5, 1),
  waitMinutes: fc.integer({ min: 0, max: 120 }),
});

test('in any mix no device is used twice, and reserved devices go to no task of another queue without an end', (t) => {
  fc.assert(
    fc.property(anyLoad, ({ seed, load, limits, waitMinutes }) => {
      const busy = new Map<string, number>();
      simulate({
        tasks: mixedTasks(seed, { count: 150, gpus: 8, load, limits }),
        gpus: 8,
        reserveAfterMs: waitMinutes * MINUTE,
        onStart({ task, at, devices, held }) {
          for (const id of devices) {
            t.true((busy.get(id) ?? 0) <= at, `GPU ${id} is used twice`);
            busy.set(id, at + task.lasts);
          }
          if (held === undefined || held.queue === `${task.size}`) return;
          const reserved = held.devices.filter(({ id }) => devices.includes(id));
          if (reserved.length > 0) t.true(task.limit !== undefined && at + task.limit <= (held.due ?? 0));
        },
      });
    }),
    { numRuns: 40 },
  );
});

test('where every task states its limit, a reservation is served when it is due at the latest', (t) => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const due = new Map<number, number>();
      // An older request for several GPUs may come first; of these two sizes none does.
      const tasks = mixedTasks(seed, { count: 150, gpus: 8, load: 1, limits: 1 }).map((task) => ({
        ...task,
        size: task.size === 8 ? 8 : 1,
      }));
      const { waits } = simulate({
        tasks,
        gpus: 8,
        reserveAfterMs: 30 * MINUTE,
        onReserve({ task, held }) {
          t.is(task.size, 8);
          if (held.due !== undefined && !due.has(task.id)) due.set(task.id, held.due);
        },
      });
      for (const task of tasks) {
        const latest = due.get(task.id);
        if (latest !== undefined) t.true(task.arrives + (waits.get(task.id) ?? 0) <= latest);
      }
      t.is(waits.size, tasks.length);
    }),
    { numRuns: 30 },
  );
});

test('in any mix a task is overtaken only by those that end before the reservation that keeps it waiting is due', (t) => {
  let count = 0;
  fc.assert(
    fc.property(anyLoad, ({ seed, load, limits, waitMinutes }) => {
      const tasks = mixedTasks(seed, { count: 150, gpus: 8, load, limits });
      const { waits } = simulate({
        tasks,
        gpus: 8,
        reserveAfterMs: waitMinutes * MINUTE,
        onStart({ task, at, held, overtaken }) {
          if (overtaken.length === 0) return;
          count += 1;
          assert.ok(overtaken.length < MOST_AHEAD);
          assert.ok(held?.due !== undefined && held.queue !== `${task.size}`);
          assert.ok(at + (task.limit ?? Number.POSITIVE_INFINITY) <= held.due);
          for (const { limit = Number.POSITIVE_INFINITY } of overtaken) assert.ok(at + limit > held.due);
        },
      });
      assert.equal(waits.size, tasks.length);
    }),
    { numRuns: 60 },
  );
  t.true(count > 10, `${count} tasks overtook others`);
});

const anyTask = fc.record({
  size: fc.constantFrom(1, 1, 1, 2, 4, 8),
  /** After the arrival before it. */
  gap: fc.integer({ min: 0, max: 40 }),
  lasts: fc.integer({ min: 1, max: 90 }),
  /** What it states beyond what it takes; some state nothing. */
  spare: fc.option(fc.integer({ min: 0, max: 60 })),
});

test('under any arrivals no task that has used reserved devices makes a reservation later than it was due', (t) => {
  let shared = 0;
  let kept = 0;
  fc.assert(
    fc.property(fc.array(anyTask, { minLength: 1, maxLength: 60 }), fc.nat(30), (given, waitMinutes) => {
      let arrives = 0;
      const tasks = given.map(({ size, gap, lasts, spare }, id): SimulatedTask => {
        arrives += gap * MINUTE;
        const limit = spare === null ? {} : { limit: (lasts + spare) * MINUTE };
        return { id, size, arrives, lasts: lasts * MINUTE, ...limit };
      });
      // The reservation that stands, and when it was due first. An older request may take its place.
      let standing: { task: number; due: number } | undefined;
      const { waits } = simulate({
        tasks,
        gpus: 8,
        reserveAfterMs: waitMinutes * MINUTE,
        onReserve({ task, held: { due } }) {
          if (standing?.task !== task.id) standing = undefined;
          if (due === undefined) assert.equal(standing, undefined, 'a reservation that was due is endless');
          else if (standing === undefined) standing = { task: task.id, due };
          else assert.ok(due <= standing.due, 'a reservation is due later than it was');
        },
        onStart({ task, at, devices, held }) {
          if (standing?.task === task.id) {
            kept += 1;
            assert.ok(at <= standing.due, 'a reservation is served after it was due');
            standing = undefined;
          } else if (held !== undefined && held.queue !== `${task.size}`) {
            const used = held.devices.filter(({ id }) => devices.includes(id));
            if (used.length === 0) return;
            shared += 1;
            assert.ok(task.limit !== undefined && at + task.limit <= (held.due ?? 0));
          }
        },
      });
      assert.equal(waits.size, tasks.length);
    }),
    { numRuns: 300 },
  );
  t.true(shared > 10 && kept > 10, `${shared} tasks used reserved devices, ${kept} reservations were due`);
});
