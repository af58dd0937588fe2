import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { StoredEvent } from '../../../src/server/events/event-store.js';
import { blockText, compressed, LogBlock } from '../../../src/server/events/log/log-block.js';
import { logPortion } from '../../../src/server/events/log/log-download.js';
import { clearLog, deleteLog, removeOnce } from '../../../src/server/events/log/log-removal.js';
import { QUIET_MS, sealOnce } from '../../../src/server/events/log/log-sealing.js';
import { appendLog, countLines } from '../../../src/server/events/log/log-store.js';
import { logPage } from '../../../src/server/events/log-pages.js';
import { eventPage } from '../../../src/server/events/metric-pages.js';
import type { JsonObject } from '../../../src/server/json.js';
import { Database } from '../../../src/server/storage/database.js';

async function opened(t: ExecutionContext): Promise<Database> {
  const folder = mkdtempSync(path.join(tmpdir(), 'log-blocks-'));
  const database = await Database.open(path.join(folder, 'x.db'));
  t.teardown(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return database;
}

function event(msg: string, timestamp: number, metric = ''): StoredEvent {
  const body: JsonObject = { worker: 'w', task: 't', type: 'log', msg, timestamp, metric, variant: '' };
  return { type: 'log', task: 't', timestamp, metric, variant: '', iter: 0, key: '', value: null, body };
}

/** Numbers from 0 to below 1, the same ones in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const VALUES: [name: string, bodies: JsonObject[]][] = [
  ['numbers', [{ n: 1 }, { n: 2.5 }, { n: -0.1 }, { n: 1e300 }, { n: 2 ** 52 }, { n: -(2 ** 53) }]],
  ['texts', [{ s: 'nul \0' }, { s: '\ud800' }, { s: '🚀' }, { s: '' }]],
  ['objects', [{ o: { a: [1, null] } }, { o: { a: [1, null] } }, { o: null }, { o: true }]],
  ['different fields', [{ a: 1, b: 2 }, { b: 2, a: 1 }, {}, { a: 1, b: 3 }, { ['__proto__']: 'x', c: 1 }]],
  ['the same values', [{ a: null }, { a: null }, { a: null }]],
];

for (const [name, bodies] of VALUES) {
  test(`a block gives back lines with ${name} as they were, compressed and not`, (t) => {
    const lines = bodies.map((body, index) => ({ timestamp: index % 2, sequence: 7 + index * index, body }));
    const text = blockText(lines);
    for (const data of [text, compressed(text)]) {
      const block = new LogBlock(data, 7);
      t.deepEqual(JSON.stringify(block.lines()), JSON.stringify(lines));
      t.deepEqual(
        bodies.map((_, index) => block.json(index)),
        bodies.map((body) => JSON.stringify(body)),
      );
      t.is(block.value(0, 'msg'), undefined);
    }
  });
}

test('times that no exact difference gives are kept', (t) => {
  const times = [-(2 ** 53), -1, 0, 1.7e12, 2 ** 51, 2 ** 53, 1e300];
  const lines = times.map((timestamp, sequence) => ({ timestamp, sequence, body: { timestamp } }));
  t.deepEqual(new LogBlock(blockText(lines), 0).lines(), lines);
});

test('what is no block is told by name', (t) => {
  t.throws(() => new LogBlock('[]', 0), { message: /block of log lines is damaged/ });
});

/** What a log has, in a plain list. */
class Model {
  lines: { msg: string; timestamp: number; metric: string; order: number }[] = [];
  #order = 0;

  add(events: readonly StoredEvent[]): void {
    for (const { body, timestamp, metric } of events)
      this.lines.push({ msg: String(body.msg), timestamp, metric, order: this.#order++ });
  }

  sorted(metrics: readonly string[] = []): Model['lines'] {
    return this.lines
      .filter(({ metric }) => metrics.length === 0 || metrics.includes(metric))
      .sort((a, b) => a.timestamp - b.timestamp || a.order - b.order);
  }

  page(size: number, earlier: boolean, from: number | undefined, metrics: readonly string[]): string[] {
    const ordered = earlier ? this.sorted(metrics).reverse() : this.sorted(metrics);
    const beyond = ordered.filter(
      ({ timestamp }) => from === undefined || (earlier ? timestamp < from : timestamp > from),
    );
    const last = beyond[size - 1];
    const page = beyond.filter((line, index) => index < size || line.timestamp === last?.timestamp);
    return page.map(({ msg }) => msg);
  }
}

function checkReads(t: ExecutionContext, database: Database, model: Model, next: () => number): void {
  const messages = (bodies: readonly JsonObject[]) => bodies.map(({ msg }) => msg);
  t.is(countLines(database, 't'), model.lines.length);
  t.is(countLines(database, 't', ['b', 'c']), model.sorted(['b', 'c']).length);
  for (let n = 0; n < 8; n += 1) {
    const size = 1 + Math.floor(next() * 700);
    const earlier = next() < 0.5;
    const from = next() < 0.3 ? undefined : Math.floor(next() * 900);
    const metrics = next() < 0.6 ? [] : ['b'];
    const page = logPage(database, { task: 't', size, earlier, from, metrics });
    t.deepEqual(
      messages(page),
      model.page(size, earlier, from, metrics),
      `${size} ${earlier} ${from} ${metrics}`,
    );
  }
  for (const descending of [true, false]) {
    const scrolled: unknown[] = [];
    for (let scrollId: string | undefined; ; ) {
      const request = { task: 't', type: 'all' as const, size: 450, descending, scrollId };
      const page = eventPage(database, request);
      scrolled.push(...messages(page.events));
      scrollId = page.scrollId;
      if (scrollId === undefined) break;
    }
    const all = model.sorted().map(({ msg }) => msg);
    t.deepEqual(scrolled, descending ? all.reverse() : all);
  }
  t.is(
    downloaded(database),
    model
      .sorted()
      .map(({ msg }) => `${msg}\n`)
      .join(''),
  );
}

function downloaded(database: Database): string {
  let text = '';
  for (let after: ReturnType<typeof logPortion>['last']; ; ) {
    const portion = logPortion(database, { task: 't', after, format: '{msg}' });
    text += Buffer.from(portion.text).toString();
    after = portion.last;
    if (after === undefined) return text;
  }
}

/** Some lines come late, and many have the same time. */
function someEvents(name: string, time: number, next: () => number): StoredEvent[] {
  return Array.from({ length: Math.floor(next() * next() * 400) + 1 }, (_, n) => {
    const timestamp = Math.max(0, time + Math.floor(next() * 12) - (next() < 0.1 ? 300 : 0));
    return event(`${name}.${n}`, timestamp, next() < 0.8 ? '' : next() < 0.5 ? 'b' : 'c');
  });
}

/** Removes lines from both; how many went from each. */
function clearBoth(
  database: Database,
  model: Model,
  before: number | undefined,
  next: () => number,
): number[] {
  const clearing = { before, include: next() < 0.5 ? [] : ['b'], exclude: next() < 0.5 ? ['c'] : [] };
  const { include, exclude } = clearing;
  const count = model.lines.length;
  model.lines = model.lines.filter(
    ({ timestamp, metric }) =>
      timestamp >= (before ?? Number.POSITIVE_INFINITY) ||
      (include.length > 0 && !include.includes(metric)) ||
      exclude.includes(metric),
  );
  return [clearLog(database, { task: 't', ...clearing }), count - model.lines.length];
}

for (let seed = 1; seed <= 3; seed += 1) {
  test(`reads of a log are exact while it grows, is sealed and is cleared: seed ${seed}`, async (t) => {
    const database = await opened(t);
    const next = random(seed);
    const model = new Model();
    for (let round = 0; round < 9; round += 1) {
      const now = round % 4 === 3 ? round * QUIET_MS : 0;
      for (let batch = 0; batch < 5; batch += 1) {
        const events = someEvents(`${round}.${batch}`, round * 60 + batch * 10, next);
        appendLog(database, 't', events, 1);
        model.add(events);
      }
      while (next() < 0.7 && sealOnce(database, now));
      if (round % 3 === 2) {
        const before = next() < 0.7 ? Math.floor(next() * round * 40) : undefined;
        const [removed, expected] = clearBoth(database, model, before, next);
        t.is(removed, expected);
      }
      if (next() < 0.3) removeOnce(database);
      checkReads(t, database, model, next);
    }
  });
}

test('the space of a removed log is given back in steps, and a new log of the task does not see it', async (t) => {
  const database = await opened(t);
  for (let n = 0; n < 120; n += 1) appendLog(database, 't', [event(`old ${n}`, n)], 0);
  t.is(deleteLog(database, 't'), 120);
  t.is(countLines(database, 't'), 0);
  appendLog(database, 't', [event('new', 1)], 0);
  const blocks = () => Number(database.get('SELECT count(*) AS n FROM log_blocks')?.n);
  const counts = [blocks()];
  while (removeOnce(database)) counts.push(blocks());
  t.deepEqual(counts, [121, 71, 21, 1]);
  t.is(downloaded(database), 'new\n');
});

test('a download that is under way goes on where it was when the log is sealed, grows or goes', async (t) => {
  const database = await opened(t);
  const batch = (from: number) => Array.from({ length: 500 }, (_, n) => event(`line ${from + n}`, from + n));
  for (let n = 0; n < 20; n += 1) appendLog(database, 't', batch(n * 500), 0);
  const first = logPortion(database, { task: 't', format: '{msg}' });
  while (sealOnce(database, 0));
  appendLog(database, 't', batch(10_000), 0);
  const second = logPortion(database, { task: 't', format: '{msg}', after: first.last });
  const text = Buffer.concat([first.text, second.text]).toString();
  const lines = text.trimEnd().split('\n');
  t.deepEqual(
    lines,
    Array.from({ length: 10_500 }, (_, n) => `line ${n}`),
  );
  deleteLog(database, 't');
  t.deepEqual(logPortion(database, { task: 't', format: '{msg}', after: first.last }), {
    text: new Uint8Array(),
  });
});

test('few lines of a quiet log are sealed, and later ones join their block', async (t) => {
  const database = await opened(t);
  const sealedBlocks = () =>
    database.all('SELECT count FROM log_blocks WHERE open IS NULL').map(({ count }) => Number(count));
  appendLog(database, 't', [event('one', 1), event('two', 2)], 0);
  t.false(sealOnce(database, QUIET_MS), 'it may still grow');
  t.true(sealOnce(database, QUIET_MS + 1));
  t.deepEqual(sealedBlocks(), [2]);
  appendLog(database, 't', [event('three', 3)], QUIET_MS);
  t.true(sealOnce(database, 3 * QUIET_MS));
  t.deepEqual(sealedBlocks(), [3]);
  t.is(downloaded(database), 'one\ntwo\nthree\n');
});

test('a log that counts open lines where none are keeps those that are sealed', async (t) => {
  const database = await opened(t);
  appendLog(database, 't', [event('one', 1), event('two', 2)], 0);
  while (sealOnce(database, QUIET_MS + 1));
  database.run('UPDATE logs SET open = 5');
  const before = downloaded(database);
  t.is(before, 'one\ntwo\n');
  t.true(sealOnce(database, QUIET_MS + 1));
  t.is(downloaded(database), before);
  t.false(sealOnce(database, QUIET_MS + 1));
});

test('sealing a block of a long backlog reads no more than its lines', async (t) => {
  const database = await opened(t);
  const batch = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => event(`line ${from + n}`, from + n));
  for (let n = 0; n < 30; n += 1) appendLog(database, 't', batch(n * 600, 600), 0);
  let rows = 0;
  const { get, all } = database;
  database.get = (...words) => {
    rows += 1;
    return get.apply(database, words);
  };
  database.all = (...words) => {
    const found = all.apply(database, words);
    rows += found.length;
    return found;
  };
  t.true(sealOnce(database, 0));
  t.true(rows < 6, `${rows} rows`);
  while (sealOnce(database, 0));
  const sealed = database.all('SELECT count FROM log_blocks WHERE open IS NULL');
  t.deepEqual(new Set(sealed.map(({ count }) => count)), new Set([600]));
  t.is(downloaded(database).split('\n').length, 18_001);
});
