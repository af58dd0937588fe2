import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { restoreBackup } from '../../../src/server/backup/restore-backup.js';
import { writeBackup } from '../../../src/server/backup/write-backup.js';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { runningServer } from '../../support/running-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const VERSION = '0.0.0';

/** Stores a file on the file server of a test. */
async function upload({ server }: ServerUnderTest, name: string, content: Buffer): Promise<void> {
  const body = new FormData();
  body.append(name, new Blob([content]), 'x');
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const { status } = await fetch(server.filesUrl, { method: 'POST', body, headers: { authorization } });
  if (status !== 200) throw new Error(`upload of ${name}: ${status}`);
}

test('a backup of a server under load is one moment of it, and comes back as it was', async (t) => {
  t.timeout(120_000);
  const folder = path.join(temporaryFolder(t), 'data');
  const { child, call } = await runningServer(folder);
  t.teardown(() => void child.kill('SIGKILL'));
  const { id: task } = await call<{ id: string }>('tasks.create', { name: 'the task', type: 'training' });
  const before: string[] = [];
  const ending = { now: false };
  const writer = async (name: string) => {
    for (let n = 0; !ending.now; n += 1) {
      const msg = `${name}.${n} ${randomBytes(200).toString('hex')}`;
      await call('events.add_batch', [{ type: 'log', task, msg, timestamp: n }]);
      const { id } = await call<{ id: string }>('tasks.create', { name: msg.slice(0, 80), type: 'testing' });
      if (!ending.now) before.push(id);
    }
  };
  const writers = ['a', 'b', 'c'].map(writer);
  const target = path.join(temporaryFolder(t), 'backup.tar.gz');
  while (before.length < 60) await Promise.race([...writers, new Promise((next) => setImmediate(next))]);
  const acknowledged = [...before];
  await writeBackup({ folder, target, files: true, agentVersion: VERSION });
  const written = before.length;
  ending.now = true;
  await Promise.all(writers);
  t.true(written > acknowledged.length, 'nothing was written during the backup');

  const elsewhere = path.join(temporaryFolder(t), 'other');
  const { manifest } = await restoreBackup({ file: target, folder: elsewhere, replace: false });
  t.like(manifest, { agent_version: VERSION, files: true, format_version: 1 });
  t.is(statSync(elsewhere).mode & 0o777, 0o700);
  t.is(statSync(target).mode & 0o777, 0o600);
  const { call: ask, server } = await serverUnderTest(t, { folder: elsewhere });
  t.deepEqual(
    JSON.parse(readFileSync(server.credentialsFile, 'utf8')),
    JSON.parse(readFileSync(path.join(folder, 'credentials.json'), 'utf8')),
  );
  const there = new Map<string, string>();
  for (let page = 0; ; page += 1) {
    const { tasks } = await ask<{ tasks: { id: string }[] }>('tasks.get_all', {
      page,
      page_size: 500,
      only_fields: ['id'],
    });
    for (const { id } of tasks) there.set(id, id);
    if (tasks.length < 500) break;
  }
  t.deepEqual(
    acknowledged.filter((id) => !there.has(id)),
    [],
    'a task that was answered before the backup',
  );
  // Of each writer, what is there is all up to one call: a line is followed by its task.
  const made = before.length + writers.length;
  t.true(there.size - 1 <= made, `${there.size} of ${made}`);
  for (const id of acknowledged.slice(-5))
    t.deepEqual(await ask('tasks.get_by_id', { task: id }), await call('tasks.get_by_id', { task: id }));
});

test('uploaded files come back byte by byte, whatever their names', async (t) => {
  const source = await serverUnderTest(t);
  const contents = new Map<string, Buffer>([
    ['a project/task.1/artifact/ä ö.bin', randomBytes(300_000)],
    ['empty', Buffer.alloc(0)],
    ['back\\slash', randomBytes(10)],
    [`${'long/'.repeat(60)}name`, randomBytes(70_000)],
  ]);
  for (const [name, content] of contents) await upload(source, name, content);
  writeFileSync(path.join(source.folder, 'files', 'with\nline break'), 'x');
  writeFileSync(path.join(source.folder, 'files', '.upload-rest'), 'not whole');
  const target = path.join(temporaryFolder(t), 'b.tar');
  const made = await writeBackup({ folder: source.folder, target, files: true, agentVersion: VERSION });
  t.is(made.files, contents.size + 1);

  const plain = temporaryFolder(t);
  execFileSync('tar', ['-xf', target, '-C', plain]);
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: plain });

  const folder = temporaryFolder(t);
  const { files } = await restoreBackup({ file: target, folder, replace: false });
  t.is(files, contents.size + 1);
  for (const [name, content] of contents)
    t.true(content.equals(await readFile(path.join(folder, 'files', name))), name);
  t.is(readFileSync(path.join(folder, 'files', 'with\nline break'), 'utf8'), 'x');
  t.false(existsSync(path.join(folder, 'files', '.upload-rest')));
});

test('a restore leaves a running server and other data alone', async (t) => {
  const { folder, server } = await serverUnderTest(t);
  const target = path.join(temporaryFolder(t), 'b.tar');
  await writeBackup({ folder, target, files: false, agentVersion: VERSION });
  const running = await t.throwsAsync(restoreBackup({ file: target, folder, replace: true }));
  t.true(isAgentError(running, 'SERVER_FOLDER'));
  t.regex(running?.message ?? '', /is in use by process/);
  await server.close();
  const full = await t.throwsAsync(restoreBackup({ file: target, folder, replace: false }));
  t.regex(full?.message ?? '', /holds the data of a server/);

  const old = readFileSync(path.join(folder, 'server.db'));
  mkdirSync(path.join(folder, 'files'), { recursive: true });
  writeFileSync(path.join(folder, 'files', 'kept'), 'kept');
  const { replaced } = await restoreBackup({ file: target, folder, replace: true });
  t.deepEqual(readFileSync(path.join(replaced ?? '', 'server.db')), old);
  t.is(
    readFileSync(path.join(folder, 'files', 'kept'), 'utf8'),
    'kept',
    'a backup without files leaves files alone',
  );
  const again = await serverUnderTest(t, { folder });
  t.deepEqual(again.server.credentials, server.credentials);
});

test('what is no whole backup is refused, and nothing changes', async (t) => {
  const source = await serverUnderTest(t);
  await upload(source, 'one', randomBytes(100_000));
  const place = temporaryFolder(t);
  const target = path.join(place, 'b.tar');
  await writeBackup({ folder: source.folder, target, files: true, agentVersion: VERSION });
  const there = await t.throwsAsync(
    writeBackup({ folder: source.folder, target, files: true, agentVersion: VERSION }),
  );
  t.regex(there?.message ?? '', /b\.tar is there already/);

  const refused = async (name: string, change: (file: string) => void, what: RegExp) => {
    const file = path.join(place, name);
    await copyFile(target, file);
    change(file);
    const folder = temporaryFolder(t);
    const error = await t.throwsAsync(restoreBackup({ file, folder, replace: false }), undefined, name);
    t.true(isAgentError(error, 'SERVER_BACKUP'), `${name}: ${error?.message}`);
    t.regex(error?.message ?? '', what, name);
    t.deepEqual(await readdir(folder), [], name);
  };
  const becomeFolder = (file: string) => {
    rmSync(file);
    mkdirSync(file);
  };
  const flip = (file: string) => {
    const bytes = readFileSync(file);
    bytes[bytes.length - 60_000] = (bytes[bytes.length - 60_000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };
  await refused('flipped.tar', flip, /is damaged: the digest of files\/one is not right/);
  await refused('short.tar', (file) => truncateSync(file, 60_000), /is damaged/);
  await refused(
    'no-digests.tar',
    (file) => void execFileSync('tar', ['--delete', '-f', file, 'SHA256SUMS']),
    /cut short/,
  );
  await refused(
    'other.tar',
    (file) => void execFileSync('tar', ['-cf', file, '-C', place, 'b.tar']),
    /no backup of a server/,
  );
  await refused('text.tar', (file) => writeFileSync(file, 'x'.repeat(5000)), /no backup of a server/);
  await refused('empty.tar', (file) => writeFileSync(file, ''), /no backup of a server/);
  await refused('missing.tar', (file) => rmSync(file), /cannot read .*missing\.tar: there is no such file$/);
  await refused('folder.tar', becomeFolder, /cannot read .*folder\.tar: it is a folder$/);
});
