import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  addEvents,
  deleteEvents,
  type EventType,
  type StoredEvent,
} from '../../../src/server/events/event-store.js';
import { eventPage } from '../../../src/server/events/metric-pages.js';
import { countMetrics, removeMetricsOnce } from '../../../src/server/events/metric-store.js';
import { packOnce } from '../../../src/server/events/scalar-blocks.js';
import { scalarCurves } from '../../../src/server/events/scalar-curves.js';
import type { JsonObject } from '../../../src/server/json.js';
import { Database } from '../../../src/server/storage/database.js';
import { runDatabaseJob } from '../../../src/server/storage/database-job.js';

async function opened(t: ExecutionContext): Promise<Database> {
  const folder = mkdtempSync(path.join(tmpdir(), 'metric-store-'));
  const database = await Database.open(path.join(folder, 'x.db'));
  t.teardown(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return database;
}

function event(type: EventType, iter: number, timestamp: number, value = iter): StoredEvent {
  const body: JsonObject = { task: 't', type, iter, timestamp, value };
  return { type, task: 't', timestamp, metric: 'm', variant: 'v', iter, key: '', value, body };
}

const points = (count: number, value?: number) =>
  Array.from({ length: count }, (_, iter) => event('training_stats_scalar', iter, 10 * iter, value));

const rowsOf = (database: Database, table: string) =>
  Number(database.get(`SELECT count(*) AS n FROM ${table}`)?.n);

const CURVES = { task: 't', samples: 10_000, axis: 'iter', metrics: [] } as const;

test('many points of a task are gone at once, and removed in steps beside new ones', async (t) => {
  const database = await opened(t);
  addEvents(database, 't', points(5000), 0);
  while (packOnce(database));
  addEvents(database, 'other', points(10), 0);
  t.true(rowsOf(database, 'scalar_blocks') > 0);
  const changes = () => Number(database.get('SELECT total_changes() AS n')?.n);
  const before = changes();
  t.is(deleteEvents(database, 't'), 5000);
  t.true(changes() - before < 10, `${changes() - before} rows in the transaction of the request`);
  t.deepEqual(scalarCurves(database, CURVES), {});
  t.is(eventPage(database, { ...PAGE, size: 10, scrollId: undefined }).total, 0);
  addEvents(database, 't', points(3, 7), 0);
  t.deepEqual(scalarCurves(database, CURVES), { m: { v: { name: 'v', x: [0, 1, 2], y: [7, 7, 7] } } });
  t.is(deleteEvents(database, 't'), 3, 'again, while the first ones are still there');
  addEvents(database, 't', points(2, 8), 0);
  for (let last = changes(); removeMetricsOnce(database); last = changes())
    t.true(changes() - last < 400, `${changes() - last} rows in one step`);
  t.is(rowsOf(database, 'metric_events'), 12);
  t.is(rowsOf(database, 'scalar_blocks'), 0);
  t.is(rowsOf(database, 'removed_metrics'), 0);
  t.deepEqual(scalarCurves(database, CURVES), { m: { v: { name: 'v', x: [0, 1], y: [8, 8] } } });
});

test('points that are reported again replace the earlier ones and are counted once', async (t) => {
  const database = await opened(t);
  addEvents(database, 't', points(3), 0);
  addEvents(database, 't', points(4, 9), 0);
  t.is(countMetrics(database, 't'), 4);
  t.deepEqual(scalarCurves(database, CURVES), { m: { v: { name: 'v', x: [0, 1, 2, 3], y: [9, 9, 9, 9] } } });
});

const PAGE = { task: 't', type: 'all' as const, descending: true };
const KINDS: readonly EventType[] = ['log', 'training_stats_scalar', 'plot', 'training_debug_image'];

/** Many of the same time, of different kinds. */
const MIXED = Array.from({ length: 60 }, (_, n) =>
  event(KINDS[(n * 7) % 4] ?? 'log', n, 100 + ((n * 13) % 9)),
);

for (const descending of [true, false])
  for (const type of ['all', 'plot'] as const)
    test(`pages of ${type} events have each once, in order: ${descending ? 'newest' : 'oldest'} first`, async (t) => {
      const database = await opened(t);
      addEvents(database, 't', MIXED, 0);
      const isWanted = (each: StoredEvent) => type === 'all' || each.type === type;
      const sign = descending ? -1 : 1;
      const kind = (each: StoredEvent) => (each.type === 'log' ? 0 : 1);
      const expected = MIXED.filter(isWanted).sort(
        (a, b) => sign * (a.timestamp - b.timestamp || kind(a) - kind(b) || a.iter - b.iter),
      );
      const found: unknown[] = [];
      for (let scrollId: string | undefined; ; ) {
        const page = eventPage(database, { ...PAGE, type, descending, size: 7, scrollId });
        t.is(page.total, expected.length);
        found.push(...page.events.map(({ iter }) => iter));
        scrollId = page.scrollId;
        if (scrollId === undefined) break;
      }
      t.deepEqual(
        found,
        expected.map(({ iter }) => iter),
      );
    });

test('a page of events is read in the order of an index, not sorted out of all', async (t) => {
  const database = await opened(t);
  addEvents(database, 't', points(20), 0);
  const statements: [sql: string, bound: unknown[]][] = [];
  const { all } = database;
  database.all = (sql, ...bound) => {
    statements.push([sql, bound]);
    return all.call(database, sql, ...bound);
  };
  const { scrollId } = eventPage(database, { ...PAGE, size: 5, scrollId: undefined });
  eventPage(database, { ...PAGE, size: 5, scrollId });
  database.all = all;
  t.true(statements.length > 0);
  for (const [sql, bound] of statements) {
    // In a process of its own: the library leaves such a statement open.
    const plan = await runDatabaseJob(database.file, `EXPLAIN QUERY PLAN ${sql}`, bound as string[]);
    t.false(JSON.stringify(plan).includes('TEMP B-TREE'), `${sql}: ${JSON.stringify(plan)}`);
  }
});
