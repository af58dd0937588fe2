import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import test from 'ava';
import { decodeRecords, encodeRecord } from '../../../src/logs/record.js';
import { Spool } from '../../../src/logs/spool.js';
import { readUploadState, writeUploadState } from '../../../src/logs/upload-state.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Logs that agents of these versions of the format wrote, and the place up to which each was sent. */
const EARLIER: readonly [version: number, sent: number][] = [
  [1, 37],
  [2, 48],
];
const fixtureOf = (version: number) =>
  path.join(import.meta.dirname, `../../fixtures/state/log-version-${version}`);
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

for (const [version, sent] of EARLIER) {
  test(`a log of version ${version} is continued`, async (t) => {
    const folder = temporaryFolder(t);
    cpSync(fixtureOf(version), folder, { recursive: true });
    const spool = await Spool.open({ folder });
    spool.append({ time: 1700000000200, level: 'DEBUG', text: 'new\n', position: 30 });
    await spool.close();
    t.deepEqual(await opened(folder), { texts: ['old é\n', 'older\n', 'new\n'], position: 30 });
    const state = await readUploadState(path.join(folder, 'upload.json'));
    t.deepEqual([state?.cursor.offset, state?.lastTime], [sent, 1700000000100]);
  });
}

const NOTE = /^\[clearml-agent\] lines are missing here: the disk damaged (\d+) bytes of the log\n$/;

test('what the disk damaged in the middle is stated in its place, with its size', async (t) => {
  const damaged = Buffer.concat([record('two\n', 8), record('three\n', 14)]);
  damaged.write('X', 20);
  damaged.write('X', damaged.length - 5);
  const folder = spoolOf(temporaryFolder(t), record('one\n', 4), damaged, record('four\n', 19));
  const { texts } = await opened(folder);
  t.deepEqual([texts[0], texts[2], texts.length], ['one\n', 'four\n', 3]);
  t.is(Number(NOTE.exec(texts[1] ?? '')?.[1]), damaged.length);
});

test('a damaged line end at the end of a file is stated, too', async (t) => {
  const folder = temporaryFolder(t);
  const [one, two, three] = [record('one\n', 4), record('two\n', 8), record('three\n', 14)];
  const first = Buffer.concat([one, two]);
  spoolOf(folder, first.fill('J', first.length - 1));
  writeFileSync(path.join(folder, `${String(first.length).padStart(16, '0')}.spool`), three);
  const spool = await Spool.open({ folder });
  const { records, next } = await spool.read(0);
  await spool.close();
  t.is(next, first.length);
  t.is(records[0]?.text, 'one\n');
  t.is(Number(NOTE.exec(records[1]?.text ?? '')?.[1]), two.length);
});

for (const version of [2, 3]) {
  test(`no changed bit of a record of version ${version} passes for text or for a newer version`, async (t) => {
    const sound =
      version === 2
        ? readFileSync(path.join(fixtureOf(2), `${'0'.repeat(16)}.spool`)).subarray(48)
        : record('one\n', 4);
    for (let bit = 0; bit < sound.length * 8; bit += 1) {
      const bytes = Buffer.from(sound);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { records } = decodeRecords(Buffer.concat([bytes, record('two\n', 8)]), 0);
      t.true(
        records.every(({ text }) => text === 'two\n'),
        `bit ${bit}`,
      );
    }
  });
}

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
  const body = '[4,"of another kind"]';
  spoolOf(folder, Buffer.from(`4 ${crc32(body).toString(16).padStart(8, '0')} ${body}\n`));
  await t.throwsAsync(Spool.open({ folder }), { code: 'NEWER_FORMAT', message: /format 4/ });
  const file = path.join(folder, 'upload.json');
  await writeUploadState(file, { cursor: { offset: 1, skip: 0, base: 0, parts: 0 }, lastTime: 5 });
  t.is((await readUploadState(file))?.cursor.offset, 1);
  writeFileSync(file, JSON.stringify({ version: 3, cursor: 'elsewhere' }));
  await t.throwsAsync(readUploadState(file), { code: 'NEWER_FORMAT', message: /upload\.json .*format 3/ });
});
