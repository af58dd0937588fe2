import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import Libsql from 'libsql';
import { isAgentError } from '../../../src/errors.js';
import { ApiError } from '../../../src/server/api-error.js';
import { countLines } from '../../../src/server/events/log/log-store.js';
import { logPage } from '../../../src/server/events/log-pages.js';
import { searchColumns } from '../../../src/server/query/column-search.js';
import { sortKeys } from '../../../src/server/query/order.js';
import { Backtracking } from '../../../src/server/query/patterns/backtracking.js';
import { Patterns } from '../../../src/server/query/patterns/patterns.js';
import { conditionsOf } from '../../../src/server/query/predicate.js';
import { SEARCHABLE } from '../../../src/server/query/searchable.js';
import { Database, storageError } from '../../../src/server/storage/database.js';
import { Documents } from '../../../src/server/storage/documents.js';
import { MIGRATIONS, type Step } from '../../../src/server/storage/schema.js';

async function opened(t: ExecutionContext): Promise<{ database: Database; file: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'database-test-'));
  const file = path.join(folder, 'x.db');
  const database = await Database.open(file);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return { database, file };
}

test('a transaction is all or nothing; an inner one fails by itself', async (t) => {
  const { database } = await opened(t);
  const queues = new Documents<{ id: string; n?: number }>(database, 'queues');
  const failing = (id: string) => () => {
    queues.put({ id });
    throw new Error('no');
  };
  t.throws(() => database.transaction(failing('a')), { message: 'no' });
  database.transaction(() => {
    queues.put({ id: 'b' });
    t.throws(() => database.transaction(failing('c')), { message: 'no' });
    queues.put({ id: 'd', n: 1 });
  });
  t.deepEqual([...queues.scan()], [{ id: 'b' }, { id: 'd', n: 1 }]);
});

test('a scan reads everything once, also while documents change', async (t) => {
  const { database } = await opened(t);
  const queues = new Documents<{ id: string; name: string; seen?: boolean }>(database, 'queues');
  const ids = Array.from({ length: 450 }, (_, n) => `q${String(n).padStart(3, '0')}`);
  database.transaction(() => {
    for (const id of ids) queues.put({ id, name: 'one' });
  });
  const seen: string[] = [];
  for (const queue of queues.scan({ where: 'name = ?', parameters: ['one'] })) {
    seen.push(queue.id);
    queues.put({ ...queue, name: 'two' });
  }
  t.deepEqual(seen, ids);
  t.is(queues.count({ where: 'name = ?', parameters: ['two'] }), 450);
});

test('a statement that found nothing finds what was written since', async (t) => {
  const { database } = await opened(t);
  const sql = 'SELECT id FROM users WHERE id = ?';
  t.deepEqual(database.all(sql, 'u'), []);
  new Documents(database, 'users').put({ id: 'u' });
  t.like(database.get(sql, 'u'), { id: 'u' });
});

test('the error names a full disk, and stored data stays readable', async (t) => {
  const { database } = await opened(t);
  const queues = new Documents<{ id: string; text: string }>(database, 'queues');
  queues.put({ id: 'first', text: 'kept' });
  database.get('PRAGMA max_page_count = 60');
  const fill = () => {
    for (let n = 0; n < 100; n += 1) {
      database.transaction(() => queues.put({ id: `q${n}`, text: 'x'.repeat(8000) }));
    }
  };
  // The library's errors are not native ones.
  const error: unknown = t.throws(fill, { any: true });
  const told = storageError(error);
  t.true(told instanceof ApiError);
  t.like(told, { status: 500, subcode: 4 });
  t.like(queues.find('first'), { text: 'kept' });
  database.transaction(() => queues.delete('q0'));
  t.is(queues.find('q0'), undefined);
});

test('a file of a newer format is left alone', async (t) => {
  const { database, file } = await opened(t);
  database.get('PRAGMA user_version = 999');
  database.close();
  const error = await t.throwsAsync(Database.open(file));
  t.true(isAgentError(error, 'SERVER_FOLDER'));
  t.regex(error?.message ?? '', /newer version/);
});

test('units of one turn are committed together; one that fails undoes its own part alone', async (t) => {
  const { database } = await opened(t);
  const queues = new Documents<{ id: string }>(database, 'queues');
  const failing = database.grouped(() => {
    queues.put({ id: 'lost' });
    throw new Error('no');
  });
  const [first, second, third] = await Promise.allSettled([
    database.grouped(() => queues.put({ id: 'a' })),
    failing,
    database.grouped(() => queues.find('a')?.id),
  ]);
  t.is(first.status, 'fulfilled');
  t.like(second, { status: 'rejected', reason: { message: 'no' } });
  t.like(third, { status: 'fulfilled', value: 'a' });
  t.deepEqual([...queues.scan()], [{ id: 'a' }]);
});

test('a full disk fails all units of a turn, and later ones are stored', async (t) => {
  const { database } = await opened(t);
  const queues = new Documents<{ id: string; text: string }>(database, 'queues');
  database.get('PRAGMA max_page_count = 150');
  const fill = (id: string) => database.grouped(() => queues.put({ id, text: 'x'.repeat(300_000) }));
  const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map(fill));
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    const told = storageError(result.reason);
    t.true(told instanceof ApiError, String(result.reason));
  }
  const stored = results.flatMap(({ status }, n) => (status === 'fulfilled' ? ['abcd'[n]] : []));
  t.true(stored.length < 4);
  t.deepEqual(
    [...queues.scan()].map(({ id }) => id),
    stored,
    'what was answered as stored is there, and nothing else',
  );
  await database.grouped(() => queues.put({ id: 'small', text: '' }));
  t.like(queues.find('small'), { id: 'small' });
});

function messagesOf(database: Database, task: string): unknown[] {
  const page = { task, size: 10_000, earlier: false, from: undefined, metrics: [] };
  return logPage(database, page).map(({ msg }) => msg);
}

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/state');

/** A database from statements, opened beside a new one. */
async function restored(
  t: ExecutionContext,
  statements: string,
): Promise<{ database: Database; fresh: Database }> {
  const { database: fresh, file } = await opened(t);
  const old = path.join(path.dirname(file), 'old.db');
  const connection = new Libsql(old);
  connection.exec(readFileSync(path.join(FIXTURES, statements), 'utf8'));
  connection.close();
  const database = await Database.open(old);
  t.teardown(() => database.close());
  return { database, fresh };
}

function checkCurrent(t: ExecutionContext, database: Database, fresh: Database): void {
  const shape = (of: Database) => of.all('SELECT type, name, sql FROM sqlite_schema ORDER BY name');
  t.deepEqual(shape(database), shape(fresh));
  t.is(database.get('PRAGMA user_version')?.user_version, fresh.get('PRAGMA user_version')?.user_version);
}

test('the database of a server with a task in progress is read: server-version-2.sql', async (t) => {
  const { database, fresh } = await restored(t, 'server-version-2.sql');
  checkCurrent(t, database, fresh);
  const id = '5f8a7741dc4c4970be3c4a0cd8821f7e';
  t.like(new Documents(database, 'tasks').find(id), { id, status: 'in_progress', last_worker: 'old:0' });
  t.like(database.get('SELECT id FROM workers'), { id: 'old:0' });
  t.is(countLines(database, id), 7);
  t.deepEqual(messagesOf(database, id).slice(-2), ['line 1 é\nline 2 é\n', 'line 3 é\n']);
});

for (const version of readdirSync(FIXTURES).filter((name) => name.startsWith('database-version-'))) {
  test(`a file of an earlier version is brought up to date: ${version}`, async (t) => {
    const { database, fresh } = await restored(t, version);
    checkCurrent(t, database, fresh);
    t.like(new Documents(database, 'tasks').find('t1'), { id: 't1', status: 'queued' });
    const queued = conditionsOf({ status: ['queued'] }, SEARCHABLE.tasks, new Patterns(new Backtracking()));
    const query = { conditions: queued, keys: sortKeys([]), offset: 0, limit: 10 };
    t.deepEqual(searchColumns(database, query), { ids: ['t1'], isUnordered: false, odd: [] });
    t.like(database.get('SELECT queue, task FROM queue_entries'), { queue: 'q1', task: 't1' });
    t.deepEqual(messagesOf(database, 't1'), ['a line']);
  });
}

test('an upgrade that was interrupted at any step continues, and keeps each line of a long log in order', async (t) => {
  const { file } = await opened(t);
  const old = path.join(path.dirname(file), 'old.db');
  const connection = new Libsql(old);
  connection.exec(readFileSync(path.join(FIXTURES, 'database-version-1.sql'), 'utf8'));
  // Two lines of each time, and every other time comes late.
  connection.exec(`WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 2499)
    INSERT INTO log_events (task, timestamp, metric, body)
    SELECT 't2', 10 + (n / 2) + 3 * (n % 4), '', json_object('msg', 'line ' || n, 'metric', '') FROM n`);
  const inOrder = connection
    .prepare(
      "SELECT json_extract(body, '$.msg') AS msg FROM log_events WHERE task = 't2' ORDER BY timestamp, sequence",
    )
    .all()
    .map((row) => (row as { msg: string }).msg);
  connection.close();
  const steps = MIGRATIONS.map(({ step }) => step);
  for (let done = 0; ; done += 1) {
    let left = done;
    const cut: Step = () => {
      throw new Error('killed');
    };
    const migrations = MIGRATIONS.map((migration, index) => ({
      ...migration,
      ...(steps[index] && {
        step: (database: Database) => (left-- > 0 ? steps[index]?.(database) === true : cut(database)),
      }),
    }));
    const database = await Database.open(old, migrations).catch(() => undefined);
    database?.close();
    if (database !== undefined) {
      t.true(done >= 3, `only ${done} steps`);
      break;
    }
  }
  const database = await Database.open(old);
  t.teardown(() => database.close());
  t.deepEqual(messagesOf(database, 't2'), inOrder);
  t.deepEqual(messagesOf(database, 't1'), ['a line']);
});

const NO_DATABASES: [name: string, make: (file: string) => void, why: RegExp][] = [
  ['a folder', (file) => mkdirSync(file), /: a database is expected there, found a folder$/],
  ['a text', (file) => writeFileSync(file, 'no database\n'.repeat(500)), /: it is not a database$/],
  [
    'a link to itself',
    (file) => symlinkSync(path.basename(file), file),
    /: a link on its path leads to itself$/,
  ],
  ['a damaged database', damage, /: the database is damaged$/],
];

for (const [name, make, why] of NO_DATABASES) {
  test(`a file that is ${name} is refused with what it is`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'database-test-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'server.db');
    make(file);
    const error = await t.throwsAsync(Database.open(file));
    t.true(isAgentError(error, 'SERVER_FOLDER'), String(error));
    t.regex(error?.message ?? '', why);
    t.true(error?.message.startsWith(`cannot open ${file}: `));
  });
}

/** The header of a database, and nothing that it promises behind it. */
function damage(file: string): void {
  const page = Buffer.alloc(4096, 0xff);
  page.write('SQLite format 3\0', 'latin1');
  page.set([0x10, 0x00, 1, 1, 0, 64, 32, 32], 16);
  writeFileSync(file, page);
}
