import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { clientOf, serverUnderTest } from '../../support/embedded-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** All reads on the thread of readers, and none. */
const BESIDE = { tasks: 0, events: 0 };
const BETWEEN = { tasks: Number.MAX_SAFE_INTEGER, events: Number.MAX_SAFE_INTEGER };

test('a read is answered in the same way beside other requests as between them', async (t) => {
  const folder = temporaryFolder(t);
  const first = await serverUnderTest(t, { folder, longReads: BETWEEN });
  const { id: task } = await first.call<{ id: string }>('tasks.create', { name: 'first', type: 'training' });
  await first.call('tasks.create', { name: 'second', type: 'testing', tags: ['a', '日本'] });
  const scalar = { type: 'training_stats_scalar', metric: 'loss', variant: 'train' };
  await first.call('events.add_batch', [
    ...[1, 2, 2].map((timestamp) => ({ type: 'log', task, msg: `line ${timestamp} 🚀`, timestamp })),
    ...[1, 2, 3].map((iter) => ({ ...scalar, task, iter, value: iter / 3, timestamp: iter })),
  ]);
  const reads: [string, object][] = [
    ['tasks.get_all_ex', { name: 'irst', only_fields: ['name', 'tags', 'user.name'] }],
    ['tasks.get_all_ex', { _any_: { fields: ['name'], pattern: '(?=s)sec' }, only_fields: ['name'] }],
    ['tasks.get_all', { order_by: ['-name'], page_size: 1 }],
    ['projects.get_all_ex', { include_stats: true }],
    ['organization.get_tags', {}],
    ['events.get_task_log', { task, order: 'asc' }],
    ['events.search_task_log', { task, text: 'LINE 2' }],
    ['events.get_task_events', { task }],
    ['events.scalar_metrics_iter_histogram', { task }],
    ['events.multi_task_scalar_metrics_iter_histogram', { tasks: [task] }],
    ['events.get_task_metrics', { tasks: [task], event_type: 'training_stats_scalar' }],
  ];
  const refused: [string, object][] = [
    ['events.get_task_log', { task: 'no such task' }],
    ['tasks.get_all_ex', { name: '(' }],
    ['tasks.get_all_ex', { only_fields: ['no such field'] }],
  ];
  const answers = async ({ call, refusal, server }: typeof first) => {
    const { accessKey, secretKey } = server.credentials;
    const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
    const url = `${server.url}/events.download_task_log?task=${task}&line_format={worker}-{msg}`;
    const download = await fetch(url, { headers: { authorization } });
    return {
      read: await Promise.all(reads.map(([endpoint, body]) => call(endpoint, body))),
      refused: await Promise.all(refused.map(([endpoint, body]) => refusal(endpoint, body))),
      download: [download.status, download.headers.get('content-disposition'), await download.text()],
    };
  };
  const between = await answers(first);
  await first.server.close();
  const beside = await serverUnderTest(t, { folder, longReads: BESIDE });
  t.deepEqual(await answers(beside), between);
  t.is(between.download[0], 200);
  t.deepEqual(between.refused, ['400/101', '400/21', '400/14']);
});

test('what was answered is seen by the next read beside it', async (t) => {
  const { call } = await serverUnderTest(t, { longReads: BESIDE });
  for (let n = 0; n < 20; n += 1) {
    const { id } = await call<{ id: string }>('tasks.create', { name: `task ${n}`, type: 'training' });
    const query = { name: `task ${n}$`, only_fields: ['id'] };
    t.deepEqual(await call('tasks.get_all_ex', query), { tasks: [{ id }] });
  }
});

test('a server with a thread of readers closes its database, and the next start needs no check of it', async (t) => {
  const { call, server, folder } = await serverUnderTest(t, { longReads: BESIDE });
  await call('tasks.get_all_ex');
  await server.close();
  t.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('server.db')),
    ['server.db'],
  );
});

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/agent.js');

test('a server that is stopped soon after a long read closes its database, and ends with 0', async (t) => {
  const folder = temporaryFolder(t);
  const child = spawn(process.execPath, [PROGRAM, 'server', '--folder', folder, '--port', '0'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    url = /ClearML-compatible server on (\S+),/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  child.stdout.resume();
  const keys = JSON.parse(await readFile(path.join(folder, 'credentials.json'), 'utf8'));
  const credentials = { accessKey: keys.access_key, secretKey: keys.secret_key };
  const { call } = clientOf({ url: url ?? '', credentials });
  const { id: task } = await call<{ id: string }>('tasks.create', { name: 'a task', type: 'training' });
  const lines = Array.from({ length: 2100 }, (_, n) => ({
    type: 'log',
    task,
    msg: `line ${n}`,
    timestamp: n,
  }));
  await call('events.add_batch', lines);
  t.like(await call('events.get_task_log', { task, batch_size: 10 }), { total: 2100 });
  child.kill('SIGTERM');
  t.deepEqual(await once(child, 'exit'), [0, null]);
  t.deepEqual(
    (await readdir(folder)).filter((name) => /-wal|lock/.test(name)),
    [],
  );
});
