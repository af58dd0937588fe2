import test from 'ava';
import fc from 'fast-check';
import {
  BATCH_LIMITS,
  type Batch,
  type BatchLimits,
  type Cursor,
  planBatch,
  STREAM_START,
} from '../../../src/logs/batch.js';
import type { PlacedRecord } from '../../../src/logs/record.js';

const NOW = 2_000_000_000_000;

function placed(records: readonly Partial<PlacedRecord>[]): PlacedRecord[] {
  return records.map((record, index) => ({
    time: NOW - 5000,
    level: 'DEBUG',
    text: '',
    position: 0,
    ...record,
    start: index * 10,
    end: index * 10 + 10,
  }));
}

interface PlanOptions {
  from?: Cursor;
  lastTime?: number;
  limits?: Partial<BatchLimits>;
  until?: Cursor;
}

function plan(records: readonly PlacedRecord[], options: PlanOptions = {}): Batch {
  const from = options.from ?? STREAM_START;
  return planBatch({
    records: records.filter((record) => record.start >= from.offset),
    from,
    limits: { ...BATCH_LIMITS, ...options.limits },
    task: 't',
    worker: 'w',
    lastTime: options.lastTime ?? 0,
    now: NOW,
    ...(options.until ? { until: options.until } : {}),
  });
}

function planAll(records: readonly PlacedRecord[], limits: Partial<BatchLimits>): Batch[] {
  const batches: Batch[] = [];
  let from: Cursor = STREAM_START;
  let lastTime = 0;
  while (from.offset < (records.at(-1)?.end ?? 0)) {
    const batch = plan(records, { from, lastTime, limits });
    batches.push(batch);
    from = batch.to;
    lastTime = batch.events.at(-1)?.timestamp ?? lastTime;
  }
  return batches;
}

const record = fc.record({
  time: fc.integer({ min: NOW - 10_000, max: NOW }),
  level: fc.constantFrom('DEBUG' as const, 'INFO' as const),
  text: fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll('\b', '')),
});
const limits = fc.record({
  message: fc.integer({ min: 1, max: 20 }),
  request: fc.integer({ min: 1, max: 600 }),
});

test('whatever the limits, the events hold the text once, in order, each later than the one before', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), limits, (parts, limit) => {
        const records = placed(parts);
        const events = planAll(records, limit).flatMap((batch) => batch.events);
        const text = parts.filter((part) => part.text !== '\u001b[0m').map((part) => part.text);
        const times = events.map((event) => event.timestamp);
        return (
          events.map((event) => event.msg).join('') === text.join('') &&
          events.every(
            (event) => [...event.msg].length <= limit.message && !/\p{Surrogate}/u.test(event.msg),
          ) &&
          times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))
        );
      }),
      { numRuns: 300 },
    ),
  );
});

test('a batch that was planned comes out again, also when more has been written since', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 2, maxLength: 20 }),
        limits,
        fc.nat(),
        (parts, limit, cut) => {
          const records = placed(parts);
          const known = records.slice(0, 1 + (cut % (records.length - 1)));
          const first = plan(known, { limits: limit });
          const again = plan(records, {
            until: first.to,
            limits: { ...limit, request: Number.POSITIVE_INFINITY },
          });
          return JSON.stringify(again.events) === JSON.stringify(first.events);
        },
      ),
      { numRuns: 300 },
    ),
  );
});

test('lines of another second or level are events of their own, with their own time', (t) => {
  const { events } = plan(
    placed([
      { text: 'a\n', time: NOW - 9000 },
      { text: 'b\n', time: NOW - 8900 },
      { text: 'c\n', time: NOW - 5000 },
      { text: 'd\n', time: NOW - 5000, level: 'INFO' },
    ]),
  );
  t.deepEqual(
    events.map(({ msg, level, timestamp }) => [msg, level, timestamp - NOW]),
    [
      ['a\nb\n', 'DEBUG', -8998],
      ['c\n', 'DEBUG', -4999],
      ['d\n', 'INFO', -4998],
    ],
  );
});

test('backspaces are left out', (t) => {
  const { events, to } = plan(placed([{ text: 'a\b\bbc\n' }]));
  t.is(events[0]?.msg, 'abc\n');
  t.is(to.offset, 10);
});

test('no event is from the future, however many lines come at once', (t) => {
  const records = placed(Array.from({ length: 5000 }, () => ({ text: 'x\n', time: NOW })));
  const { events } = plan(records);
  t.is(events.at(-1)?.timestamp, NOW);
});
