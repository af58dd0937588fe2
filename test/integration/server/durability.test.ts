import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { askServer } from '../../../src/server/ask-server.js';
import { logPage } from '../../../src/server/events/log-pages.js';
import { startServer } from '../../../src/server/server.js';
import { Database } from '../../../src/server/storage/database.js';
import { clientOf, serverUnderTest } from '../../support/embedded-server.js';
import { runningServer } from '../../support/running-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('killed at any moment, it loses nothing that it acknowledged', async (t) => {
  t.timeout(170_000);
  const folder = path.join(temporaryFolder(t), 'data');
  const acknowledged: string[] = [];
  const lines: string[] = [];
  const taken: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    const { child, call } = await runningServer(folder);
    t.teardown(() => void child.kill('SIGKILL'));
    const { id: queue } = await call<{ id: string }>('queues.get_default');
    const writer = async () => {
      for (let n = 0; ; n += 1) {
        const { id } = await call<{ id: string }>('tasks.create', {
          name: `task ${round}.${n}`,
          type: 'training',
        });
        acknowledged.push(id);
        await call('tasks.enqueue', { task: id });
        const line = `${round}.${n}`;
        await call('events.add_batch', [{ type: 'log', task: acknowledged[0], msg: line, timestamp: n }]);
        lines.push(line);
        if (n % 3 !== 0) continue;
        const { entry } = await call<{ entry?: { task: string } }>('queues.get_next_task', { queue });
        if (entry !== undefined) taken.push(entry.task);
      }
    };
    const writers = [writer(), writer(), writer()].map((each) => each.catch(() => undefined));
    const enough = acknowledged.length + 5 + 3 * round;
    while (acknowledged.length < enough) await sleep(10);
    child.kill('SIGKILL');
    await Promise.all(writers);
  }
  const { call } = await serverUnderTest(t, { folder });
  const { id: queue } = await call<{ id: string }>('queues.get_default');
  t.true(acknowledged.length > 10, `only ${acknowledged.length} tasks were made`);
  for (const id of acknowledged) t.like(await call('tasks.get_by_id', { task: id }), { task: { id } });
  const { events } = await call<{ events: { msg: string }[] }>('events.get_task_log', {
    task: acknowledged[0],
  });
  const stored = events.map((event) => event.msg);
  t.deepEqual(
    lines.filter((line) => !stored.includes(line)),
    [],
  );
  t.is(new Set(taken).size, taken.length, 'a task was handed out twice');
  const { queue: left } = await call<{ queue: { entries: { task: string }[] } }>('queues.get_by_id', {
    queue,
  });
  const waiting = left.entries.map((entry) => entry.task);
  t.is(new Set(waiting).size, waiting.length);
  t.deepEqual(
    waiting.filter((id) => taken.includes(id)),
    [],
    'a task that was taken waits again',
  );
  for (const id of waiting)
    t.like(await call('tasks.get_by_id', { task: id }), { task: { status: 'queued' } });
});

test('killed while it compresses a log, it has each line that it acknowledged once and in order', async (t) => {
  t.timeout(170_000);
  const folder = path.join(temporaryFolder(t), 'data');
  let task = '';
  const batches: number[][] = [];
  let next = 0;
  for (let round = 0; round < 3; round += 1) {
    const { child, call } = await runningServer(folder);
    t.teardown(() => void child.kill('SIGKILL'));
    if (task === '')
      ({ id: task } = await call<{ id: string }>('tasks.create', { name: 'long', type: 'training' }));
    const reader = await Database.openReader(path.join(folder, 'server.db'));
    const sealed = () =>
      Number(reader.get('SELECT coalesce(max(block), 0) AS n FROM log_blocks WHERE open IS NULL')?.n);
    const before = sealed();
    const writer = (async () => {
      for (;;) {
        const batch = Array.from({ length: 300 }, () => next++);
        batches.push(batch);
        await call(
          'events.add_batch',
          batch.map((n) => ({ type: 'log', task, msg: `${n}`, timestamp: n })),
        );
      }
    })();
    writer.catch(() => undefined);
    while (sealed() === before) await sleep(5 + round);
    child.kill('SIGKILL');
    await t.throwsAsync(writer);
    reader.closeReader();
  }
  // The batch of a call without an answer is there or not, as a whole.
  const stored = new Set(await messagesOf(folder, task));
  const expected = batches.filter(([first = 0]) => stored.has(first)).flat();
  t.true(expected.length >= next - 3 * 300);
  t.deepEqual(await messagesOf(folder, task), expected);
});

async function messagesOf(folder: string, task: string): Promise<number[]> {
  const database = await Database.open(path.join(folder, 'server.db'));
  const page = { task, size: 1_000_000, earlier: false, from: undefined, metrics: [] };
  const messages = logPage(database, page).map(({ msg }) => Number(msg));
  database.close();
  return messages;
}

test('the folder is private, and tokens and credentials outlive a restart', async (t) => {
  const folder = path.join(temporaryFolder(t), 'data');
  const first = await startServer({ folder });
  const { token } = await clientOf(first).call<{ token: string }>('auth.login');
  await first.close();
  t.is((await stat(folder)).mode & 0o777, 0o700);
  for (const file of [first.credentialsFile, path.join(folder, 'token-secret')]) {
    t.is((await stat(file)).mode & 0o777, 0o600, file);
  }
  const kept = JSON.parse(await readFile(first.credentialsFile, 'utf8'));
  t.deepEqual(kept, { access_key: first.credentials.accessKey, secret_key: first.credentials.secretKey });
  t.false((await readFile(path.join(folder, 'server.db'))).includes(first.credentials.secretKey));

  await chmod(folder, 0o755);
  const { server } = await serverUnderTest(t, { folder });
  t.is((await stat(folder)).mode & 0o777, 0o700, 'a folder that others could read is closed again');
  t.deepEqual(server.credentials, first.credentials);
  const response = await fetch(`${server.url}/users.get_current_user`, {
    headers: { authorization: `Bearer ${token}` },
  });
  t.is(response.status, 200);
});

test('the server writes a lost credentials file again', async (t) => {
  const folder = path.join(temporaryFolder(t), 'data');
  const first = await startServer({ folder });
  await first.close();
  await rm(first.credentialsFile);
  const { server, call } = await serverUnderTest(t, { folder });
  t.not(server.credentials.secretKey, first.credentials.secretKey);
  t.like(await call('users.get_current_user'), { user: { role: 'admin' } });
});

test('one server a folder; what is no folder of a server is refused by name', async (t) => {
  const { folder } = await serverUnderTest(t);
  const second = await t.throwsAsync(startServer({ folder }));
  t.true(isAgentError(second, 'SERVER_FOLDER'));
  t.regex(second?.message ?? '', /the server's folder .* is in use by process/);

  const notOurs = temporaryFolder(t);
  await writeFile(path.join(notOurs, 'server.db'), 'x'.repeat(10_000));
  const unreadable = await t.throwsAsync(startServer({ folder: notOurs }));
  t.true(isAgentError(unreadable, 'SERVER_FOLDER'), String(unreadable));

  // What a disk lost behind the list of tables.
  const damaged = temporaryFolder(t);
  await (await startServer({ folder: damaged })).close();
  const database = path.join(damaged, 'server.db');
  const whole = await readFile(database);
  await writeFile(
    database,
    Buffer.concat([whole.subarray(0, 8192), Buffer.alloc(whole.length - 8192, 0xff)]),
  );
  const tells = { message: `cannot open ${database}: the database is damaged` };
  await t.throwsAsync(startServer({ folder: damaged }), tells);
  await t.throwsAsync(askServer(damaged, { endpoint: 'auth.get_users', body: {} }), tells);

  const file = path.join(notOurs, 'a-file');
  await writeFile(file, '');
  t.true(isAgentError(await t.throwsAsync(startServer({ folder: file })), 'SERVER_FOLDER'));

  const broken = temporaryFolder(t);
  await writeFile(path.join(broken, 'credentials.json'), '{}');
  t.true(isAgentError(await t.throwsAsync(startServer({ folder: broken })), 'SERVER_FOLDER'));
});

test('a port that is taken is named', async (t) => {
  const { server } = await serverUnderTest(t);
  const port = Number(new URL(server.url).port);
  const error = await t.throwsAsync(startServer({ folder: temporaryFolder(t), port }));
  t.true(isAgentError(error, 'SERVER_LISTEN'));
  t.regex(error?.message ?? '', new RegExp(`127\\.0\\.0\\.1:${port}`));
});
