import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { encodeRecord } from '../../../src/logs/record.js';
import { Spool } from '../../../src/logs/spool.js';
import { readUploadState, writeUploadState } from '../../../src/logs/upload-state.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FIRST_VERSION = path.join(import.meta.dirname, '../../fixtures/state/log-version-1');
const record = (text: string, position: number) =>
  encodeRecord({ time: 1000, level: 'DEBUG', text, position });

async function opened(folder: string): Promise<{ texts: string[]; position: number }> {
  const spool = await Spool.open({ folder });
  const { records } = await spool.read(0);
  await spool.close();
  return { texts: records.map(({ text }) => text), position: spool.position };
}

function spoolOf(folder: string, ...parts: Uint8Array[]): string {
  writeFileSync(path.join(folder, `${'0'.repeat(16)}.spool`), Buffer.concat(parts));
  return folder;
}

test('a log of the first version goes on', async (t) => {
  const folder = temporaryFolder(t);
  cpSync(FIRST_VERSION, folder, { recursive: true });
  const spool = await Spool.open({ folder });
  spool.append({ time: 1700000000200, level: 'DEBUG', text: 'new\n', position: 30 });
  await spool.close();
  t.deepEqual(await opened(folder), { texts: ['old é\n', 'older\n', 'new\n'], position: 30 });
  const state = await readUploadState(path.join(folder, 'upload.json'));
  t.deepEqual([state?.cursor.offset, state?.lastTime], [37, 1700000000100]);
});

test('what the disk damaged in the middle is stated in its place', async (t) => {
  const damaged = record('two\n', 8);
  damaged.write('X', damaged.length - 5);
  const folder = spoolOf(temporaryFolder(t), record('one\n', 4), damaged, record('three\n', 14));
  const { texts } = await opened(folder);
  t.deepEqual(texts, ['one\n', '[clearml-agent] lines are missing here: the disk damaged them\n', 'three\n']);
});

const ENDS: readonly [name: string, spoil: (bytes: Buffer) => Uint8Array][] = [
  ['cut short', (bytes) => bytes.subarray(0, 20)],
  ['zeros', (bytes) => bytes.fill(0)],
  ['a changed letter', (bytes) => bytes.fill('X', bytes.length - 6, bytes.length - 5)],
  ['a changed checksum', (bytes) => bytes.fill('0', 2, 10)],
];

for (const [name, spoil] of ENDS) {
  test(`a damaged end is read again from the output: ${name}`, async (t) => {
    const folder = spoolOf(temporaryFolder(t), record('one\n', 4), spoil(record('two\n', 8)));
    t.deepEqual(await opened(folder), { texts: ['one\n'], position: 4 });
  });
}

test('a newer version’s log and upload state are refused and left as they are', async (t) => {
  const folder = temporaryFolder(t);
  const newer = Buffer.from(record('one\n', 4).toString().replace(/^2 /, '3 '));
  spoolOf(folder, newer);
  await t.throwsAsync(Spool.open({ folder }), { code: 'NEWER_FORMAT', message: /format 3/ });
  const file = path.join(folder, 'upload.json');
  await writeUploadState(file, { cursor: { offset: 1, skip: 0, base: 0, parts: 0 }, lastTime: 5 });
  t.is((await readUploadState(file))?.cursor.offset, 1);
  writeFileSync(file, JSON.stringify({ version: 3, cursor: 'elsewhere' }));
  await t.throwsAsync(readUploadState(file), { code: 'NEWER_FORMAT', message: /upload\.json .*format 3/ });
});
