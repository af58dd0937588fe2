import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { addEvents, deleteEvents, type StoredEvent } from '../../../src/server/events/event-store.js';
import { removeMetricsOnce } from '../../../src/server/events/metric-store.js';
import { packOnce } from '../../../src/server/events/scalar-blocks.js';
import { scalarCurves } from '../../../src/server/events/scalar-curves.js';
import { SINGLE_VALUE_ITERATION } from '../../../src/server/events/single-value.js';
import { Database } from '../../../src/server/storage/database.js';

async function opened(t: ExecutionContext): Promise<Database> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scalar-blocks-'));
  const database = await Database.open(path.join(folder, 'x.db'));
  t.teardown(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return database;
}

interface Point {
  variant: string;
  iter: number;
  timestamp: number;
  value: number | null;
  key?: string;
}

function point({ variant, iter, timestamp, value, key = '' }: Point): StoredEvent {
  const identity = { task: 't', type: 'training_stats_scalar' as const, metric: 'm', variant };
  return { ...identity, iter, key, timestamp, value, body: {} };
}

/** Numbers from 0 to below 1, the same ones in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Curves = Record<string, Record<string, { x: number[]; y: number[] }>>;

/** What the curves must be, from the events alone. */
function expected(points: Iterable<Point>, samples: number, axis: 'iter' | 'timestamp'): Curves {
  const curves: Curves = {};
  const all = [...points]
    .filter(({ iter, value }) => iter !== SINGLE_VALUE_ITERATION && value !== null)
    .sort((a, b) => a.iter - b.iter);
  for (const variant of [...new Set(all.map((each) => each.variant))].sort()) {
    const own = all.filter((each) => each.variant === variant);
    const xs = own.map((each) => each[axis]);
    const span = Math.max(...xs) - Math.min(...xs) + 1;
    const width = own.length <= samples ? 0 : Math.ceil(span / samples);
    const groups = new Map<string, { x: number; values: number[] }>();
    for (const [index, { value, ...each }] of own.entries()) {
      const x = width === 0 ? each[axis] : Math.floor(each[axis] / width) * width;
      const name = width === 0 ? `${index}` : `${x}`;
      const group = groups.get(name) ?? { x, values: [] };
      groups.set(name, group);
      group.values.push(value ?? 0);
    }
    const sorted = [...groups.values()].sort((a, b) => a.x - b.x);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const y = sorted.map(({ values }) => mean(values));
    curves.m = { ...curves.m, [variant]: { x: sorted.map(({ x }) => x), y } };
  }
  return curves;
}

function rounded(curves: unknown): Curves {
  const text = JSON.stringify(curves, (key, value) => {
    if (key === 'name') return undefined;
    // Sums of the same values in another order differ in their last digits.
    return typeof value === 'number' ? Number(value.toPrecision(10)) : value;
  });
  return JSON.parse(text);
}

/** Short, as curves are long. */
function firstDifference(found: Curves, wanted: Curves): string | undefined {
  for (const [variant, { x, y }] of Object.entries(wanted.m ?? {})) {
    const own = found.m?.[variant] ?? { x: [], y: [] };
    const at = x.findIndex((each, index) => each !== own.x[index] || y[index] !== own.y[index]);
    if (at >= 0) return `${variant}: point ${at} is ${own.x[at]}, ${own.y[at]} and not ${x[at]}, ${y[at]}`;
    if (own.x.length !== x.length || own.y.length !== y.length)
      return `${variant}: ${own.x.length} points, not ${x.length}`;
  }
  return Object.keys(found.m ?? {}).length === Object.keys(wanted.m ?? {}).length
    ? undefined
    : 'other variants';
}

for (let seed = 1; seed <= 3; seed += 1) {
  test(`curves are exact while they grow, are packed and are reported again: seed ${seed}`, async (t) => {
    const database = await opened(t);
    const next = random(seed);
    const known = new Map<string, Point>();
    let top = -500;
    let packed = 0;
    for (let round = 0; round < 8; round += 1) {
      const count = Math.floor(next() * 1500);
      const points = Array.from({ length: count }, (_, n): Point => {
        const iter = next() < 0.002 ? Math.floor(next() * top) : top + n;
        return {
          variant: next() < 0.7 ? 'a' : 'b',
          iter: next() < 0.001 ? SINGLE_VALUE_ITERATION : iter,
          timestamp: 1_000_000 + 13 * iter + Math.floor(next() * 30),
          value: next() < 0.01 ? null : next(),
          ...(next() < 0.05 && { key: 'k' }),
        };
      });
      top += count;
      addEvents(database, 't', points.map(point), 0);
      for (const each of points) known.set(JSON.stringify([each.variant, each.iter, each.key ?? '']), each);
      while (next() < 0.8 && packOnce(database)) packed += 1;
      for (const samples of [40, 100_000])
        for (const axis of ['iter', 'timestamp'] as const) {
          const curves = scalarCurves(database, { task: 't', samples, axis, metrics: [] });
          t.is(firstDifference(rounded(curves), rounded(expected(known.values(), samples, axis))), undefined);
        }
    }
    t.true(packed > 5, `${packed} blocks`);
  });
}

test('packing comes to an end, and leaves few points of a curve outside of blocks', async (t) => {
  const database = await opened(t);
  const points = Array.from({ length: 9000 }, (_, n) =>
    point({ variant: n % 3 === 0 ? 'a' : 'b', iter: n, timestamp: n, value: n }),
  );
  for (let n = 0; n < points.length; n += 700) {
    addEvents(database, 't', points.slice(n, n + 700), 0);
    while (packOnce(database));
  }
  const packed = Number(database.get('SELECT sum(count) AS n FROM scalar_blocks')?.n);
  t.true(packed > 8000, `${packed}`);
  t.true(Number(database.get('SELECT count(*) AS n FROM scalar_blocks')?.n) < 15);
  deleteEvents(database, 't', 'metrics');
  while (removeMetricsOnce(database));
  t.is(Number(database.get('SELECT count(*) AS n FROM scalar_blocks')?.n), 0);
  t.deepEqual(scalarCurves(database, { task: 't', samples: 10, axis: 'iter', metrics: [] }), {});
});
