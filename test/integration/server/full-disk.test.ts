import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { isAgentError } from '../../../src/errors.js';
import { ApiError } from '../../../src/server/api-error.js';
import { writeBackup } from '../../../src/server/backup/write-backup.js';
import type { StoredEvent } from '../../../src/server/events/event-store.js';
import { sealOnce } from '../../../src/server/events/log/log-sealing.js';
import { appendLog } from '../../../src/server/events/log/log-store.js';
import { logPage } from '../../../src/server/events/log-pages.js';
import { startServer } from '../../../src/server/server.js';
import { Database, storageError } from '../../../src/server/storage/database.js';
import { clientOf, serverUnderTest } from '../../support/embedded-server.js';
import { fillDisk, onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

onSmallDisk(
  'on a full disk calls are refused by name, and the server goes on when there is room',
  async (t) => {
    const disk = smallDisk(t, 24);
    const folder = path.join(disk, 'data');
    const failures: string[] = [];
    const onFailure = (error: unknown, where: string) => failures.push(`${where}: ${error}`);
    const server = await startServer({ folder, onFailure });
    t.teardown(() => server.close());
    const { call, refusal } = clientOf(server);
    const authorization = `Basic ${Buffer.from(`${server.credentials.accessKey}:${server.credentials.secretKey}`).toString('base64')}`;
    const { id: task } = await call<{ id: string }>('tasks.create', { name: 'before', type: 'training' });
    const kept: string[] = [];
    const write = async (msg: string) => {
      await call('events.add_batch', [{ type: 'log', task, msg, timestamp: kept.length + 1 }]);
      kept.push(msg);
    };
    await write('first');
    const ballast = fillDisk(disk);
    // The log of the database has some room left in its last page.
    const seen = new Set<string>();
    for (let n = 0; n < 40 && !seen.has('500/4'); n += 1) {
      const msg = `full ${n} ${randomBytes(20_000).toString('hex')}`;
      const answer = await refusal('events.add_batch', [
        { type: 'log', task, msg, timestamp: kept.length + 1 },
      ]);
      seen.add(answer);
      if (answer === '200/0') kept.push(msg);
    }
    t.true(seen.has('500/4'), [...seen].join(', '));
    t.deepEqual(
      [...seen].filter((answer) => !['500/4', '200/0'].includes(answer)),
      [],
    );
    t.regex(failures.join('\n'), /no space|full/i, 'the log has the cause');

    const upload = async () => {
      const body = new FormData();
      body.append('big', new Blob([randomBytes(500_000)]), 'x');
      const answer = await fetch(server.filesUrl, { method: 'POST', body, headers: { authorization } });
      return `${answer.status} ${await answer.text()}`;
    };
    t.regex(await upload(), /^500 .*No space left on the disk/);
    t.like(await call('tasks.get_by_id', { task }), { task: { id: task } }, 'reads go on');
    const target = path.join(temporaryFolder(t), 'b.tar');
    await writeBackup({ folder, target, files: true, agentVersion: '0' });
    const tooBig = await t.throwsAsync(
      writeBackup({ folder, target: path.join(disk, 'b.tar'), files: true, agentVersion: '0' }),
    );
    t.true(isAgentError(tooBig, 'DISK_FULL'), String(tooBig));

    rmSync(ballast);
    await write('after');
    t.regex(await upload(), /^200 /);
    await server.close();
    const again = await serverUnderTest(t, { folder });
    const { events } = await again.call<{ events: { msg: string }[] }>('events.get_task_log', {
      task,
      batch_size: 500,
    });
    const stored = new Set(events.map(({ msg }) => msg));
    t.deepEqual(
      kept.filter((msg) => !stored.has(msg)),
      [],
    );
  },
);

onSmallDisk('a server that is killed on a full disk starts again when there is room', async (t) => {
  const disk = smallDisk(t, 16);
  const folder = path.join(disk, 'data');
  const first = await startServer({ folder });
  const { id: task } = await clientOf(first).call<{ id: string }>('tasks.create', {
    name: 'kept',
    type: 'training',
  });
  const ballast = fillDisk(disk);
  await first.close();
  rmSync(ballast);
  const { call } = await serverUnderTest(t, { folder });
  t.like(await call('tasks.get_by_id', { task }), { task: { name: 'kept' } });
});

onSmallDisk(
  'a log that cannot be compressed on a full disk stays as it is until there is room',
  async (t) => {
    const disk = smallDisk(t, 24);
    const database = await Database.open(path.join(disk, 'server.db'));
    t.teardown(() => database.close());
    const lines = Array.from({ length: 6000 }, (_, n) => `${n} ${randomBytes(200).toString('base64')}`);
    for (let at = 0; at < lines.length; at += 100)
      await database.grouped(() => appendLog(database, 't', lines.slice(at, at + 100).map(logEvent), 0));
    const stored = () =>
      logPage(database, { task: 't', size: 10_000, earlier: false, from: undefined, metrics: [] }).map(
        ({ msg }) => msg,
      );
    const ballast = fillDisk(disk);
    const seal = () => database.grouped(() => sealOnce(database, 0));
    let refused: unknown;
    const refuse = (error: unknown) => {
      refused = error;
      return false;
    };
    while (await seal().catch(refuse));
    t.true(storageError(refused) instanceof ApiError, String(refused));
    t.deepEqual(stored(), lines);
    rmSync(ballast);
    while (await seal());
    t.true(Number(database.get('SELECT open FROM logs')?.open) < 1000);
    t.deepEqual(stored(), lines);
  },
);

function logEvent(msg: string): StoredEvent {
  const timestamp = 1 + Math.floor(Number.parseInt(msg, 10) / 2);
  const identity = {
    type: 'log' as const,
    task: 't',
    metric: '',
    variant: '',
    iter: 0,
    key: '',
    value: null,
  };
  return { ...identity, timestamp, body: { msg, metric: '', timestamp } };
}
