import { mkdirSync, readdirSync, rmdirSync, truncateSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { LogRecord, PlacedRecord } from '../../../src/logs/record.js';
import { Spool, type SpoolLimits } from '../../../src/logs/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

function record(text: string, position = 0): LogRecord {
  return { time: 1000, level: 'DEBUG', text, position };
}

async function readAll(spool: Spool): Promise<PlacedRecord[]> {
  const all: PlacedRecord[] = [];
  for (let at = 0; at < spool.end; ) {
    const { records, next } = await spool.read(at);
    all.push(...records);
    at = next;
  }
  return all;
}

async function textOf(spool: Spool): Promise<string> {
  return (await readAll(spool)).map(({ text }) => text).join('');
}

test('records come back in order, over several files and after opening again', async (t) => {
  const folder = temporaryFolder(t);
  const limits = { segmentBytes: 200 };
  const first = await Spool.open({ folder, limits });
  const texts = Array.from({ length: 40 }, (_, index) => `line ${index} é🙂\n`);
  for (const [index, text] of texts.entries()) {
    first.append(record(text, index + 1));
    if (index % 3 === 0) await first.flush();
  }
  await first.flush();
  t.is(await textOf(first), texts.join(''));
  await first.close();
  const second = await Spool.open({ folder, limits });
  t.is(await textOf(second), texts.join(''));
  t.is(second.position, 40);
  t.true(readdirSync(folder).length > 3);
  await second.close();
});

test('files that are sent are removed, and the position survives that', async (t) => {
  const folder = temporaryFolder(t);
  const limits = { segmentBytes: 100 };
  const spool = await Spool.open({ folder, limits });
  for (let index = 1; index <= 20; index += 1) {
    spool.append(record(`line ${index}\n`, index));
    await spool.flush();
  }
  await readAll(spool);
  await spool.release(spool.end);
  t.is(readdirSync(folder).length, 1);
  await spool.close();
  const again = await Spool.open({ folder, limits });
  t.is(again.position, 20);
  again.append(record('next\n', 21));
  await again.flush();
  t.true((await textOf(again)).endsWith('next\n'));
  await again.close();
});

test('a kill at any byte leaves whole records, and the position of the last of them', async (t) => {
  const root = temporaryFolder(t);
  let runs = 0;
  const property = fc.asyncProperty(
    fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 1, maxLength: 8 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    async (texts, part) => {
      const folder = path.join(root, String(runs++));
      const spool = await Spool.open({ folder });
      for (const [index, text] of texts.entries()) spool.append(record(text, index + 1));
      await spool.flush();
      const size = Math.floor(spool.end * part);
      const whole = (await readAll(spool)).filter((one) => one.end <= size);
      await spool.close();
      const [file = ''] = readdirSync(folder);
      truncateSync(path.join(folder, file), size);

      const opened = await Spool.open({ folder });
      t.is(opened.position, whole.length);
      t.deepEqual(await readAll(opened), whole);
      opened.append(record('after', 99));
      await opened.flush();
      t.deepEqual(
        (await readAll(opened)).map(({ text }) => text),
        [...whole.map(({ text }) => text), 'after'],
      );
      await opened.close();
    },
  );
  await t.notThrowsAsync(() => fc.assert(property, { numRuns: 60 }));
});

test('above its limit it leaves out what is newest and says how much', async (t) => {
  const folder = temporaryFolder(t);
  const spool = await Spool.open({ folder, limits: { unsentBytes: 1000, segmentBytes: 200 } });
  for (let index = 0; index < 200; index += 1) spool.append(record(`line ${index}\n`, index));
  await spool.flush();
  const kept = (await readAll(spool)).length;
  t.true(spool.end <= 1000 && kept < 200);
  await spool.release(spool.end);
  spool.append(record('later\n', 300));
  await spool.flush();
  const tail = (await readAll(spool)).slice(-2).map(({ text }) => text);
  t.deepEqual(tail, [
    `[clearml-agent] ${200 - kept} lines are missing here: too much was waiting for the server\n`,
    'later\n',
  ]);
  await spool.close();
});

test('a disk that refuses to write is said once, and what waits can be read from memory', async (t) => {
  // A folder in the place of the next file makes every write fail, for root too.
  const { folder, spool, said, unblock } = await blockedSpool(t);
  spool.append(record('one\n', 4));
  spool.append(record('two\n', 8));
  await spool.flush();
  t.deepEqual(said, ['EISDIR']);
  t.is(await textOf(spool), 'one\ntwo\n');
  const one = (await readAll(spool)).find(({ text }) => text === 'one\n');
  await spool.release(one?.end ?? 0);
  unblock();
  await until(() => said.length === 2, { what: 'the disk to be used again' });
  t.deepEqual(said, ['EISDIR', undefined]);
  await spool.flush();
  await spool.close();
  const opened = await Spool.open({ folder });
  t.is(await textOf(opened), 'two\n');
  t.is(opened.position, 8);
  await opened.close();
});

test('memory that is used up while the disk refuses costs lines, which are counted', async (t) => {
  const { spool, said, unblock } = await blockedSpool(t, { memoryBytes: 400 });
  for (let index = 0; index < 50; index += 1) spool.append(record(`line ${index}\n`, index));
  unblock();
  await until(() => said.length === 2, { what: 'the disk to be used again' });
  await spool.flush();
  t.regex(await textOf(spool), /\[clearml-agent\] \d+ lines are missing here: the disk did not take them\n$/);
  await spool.close();
});

async function blockedSpool(t: ExecutionContext, limits: Partial<SpoolLimits> = {}) {
  const folder = temporaryFolder(t);
  const said: (string | undefined)[] = [];
  const file = path.join(folder, `${'0'.repeat(16)}.spool`);
  const spool = await Spool.open({
    folder,
    limits: { diskRetryMs: 20, ...limits },
    onTrouble: (cause) => said.push(cause),
  });
  mkdirSync(file);
  spool.append(record('', 0));
  await until(() => said.length === 1, { what: 'the disk to refuse' });
  return { folder, spool, said, unblock: () => rmdirSync(file) };
}
