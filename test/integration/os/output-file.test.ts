import { appendFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { OutputFile, type OutputLimits, type OutputPiece } from '../../../src/os/output-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const MB = 1024 * 1024;

interface Reading {
  file: string;
  output: OutputFile;
  pieces: OutputPiece[];
  /** What was read, as text. */
  text(): string;
  /** Nobody writes any more; settles when all is read. */
  finish(): Promise<void>;
}

/** Reads a file in the background. `pause` holds the reader up after each piece. */
async function reading(
  t: ExecutionContext,
  {
    limits = {},
    position = 0,
    file = path.join(temporaryFolder(t), 'log'),
    output,
    pause = async () => undefined,
  }: {
    limits?: Partial<OutputLimits>;
    position?: number;
    file?: string;
    output?: OutputFile;
    pause?: () => Promise<unknown>;
  } = {},
): Promise<Reading> {
  const opened = output ?? (await OutputFile.create(file, 0o600, limits));
  const complete = new AbortController();
  const leaving = new AbortController();
  t.teardown(() => {
    leaving.abort();
    return opened.close();
  });
  const pieces: OutputPiece[] = [];
  const done = (async () => {
    const request = { position, complete: complete.signal, signal: leaving.signal };
    for await (const piece of opened.read(request)) {
      pieces.push(piece);
      await pause();
    }
  })();
  return {
    file,
    output: opened,
    pieces,
    text: () => Buffer.concat(pieces.map(({ data }) => data)).toString(),
    finish: async () => {
      complete.abort();
      await done;
    },
  };
}

const allocated = async (file: string): Promise<number> => (await stat(file)).blocks * 512;

test('follows a growing file from a position to its end', async (t) => {
  const file = path.join(temporaryFolder(t), 'log');
  await writeFile(file, 'skip');
  const found = await reading(t, { file, output: await OutputFile.open(file), position: 4 });
  for (let i = 0; i < 20; i++) {
    await appendFile(found.file, `${i};`);
    await until(() => found.text().endsWith(`${i};`), { what: `piece ${i}` });
  }
  await found.finish();
  t.is(found.text(), Array.from({ length: 20 }, (_, i) => `${i};`).join(''));
  t.is(found.pieces.at(-1)?.position, (await stat(found.file)).size);
});

test('does not write to what has the name already', async (t) => {
  const file = path.join(temporaryFolder(t), 'log');
  await writeFile(file, 'other');
  await t.throwsAsync(OutputFile.create(file, 0o600), { code: 'EEXIST' });
});

test('gives back the space of what is kept elsewhere, and positions stay', async (t) => {
  const found = await reading(t);
  await appendFile(found.file, Buffer.alloc(8 * MB, 'a'));
  await until(() => found.text().length === 8 * MB, { what: 'the output' });
  await found.output.release(8 * MB);
  t.true((await allocated(found.file)) < MB);
  await appendFile(found.file, 'end');
  await found.finish();
  t.true(found.text().endsWith('aend'));
  t.is(found.pieces.at(-1)?.position, 8 * MB + 3);
});

test('drops the oldest of too much, says so, and a later reader does not take the hole for output', async (t) => {
  const limits = { unreadBytes: 4 * MB, lookMs: 20 };
  let resume: (() => void) | undefined;
  const paused = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const found = await reading(t, { limits, pause: () => paused });
  await appendFile(found.file, 'first');
  await until(() => found.pieces.length > 0, { what: 'the first piece' });
  await appendFile(found.file, Buffer.alloc(16 * MB, 'b'));
  await until(async () => (await allocated(found.file)) < 5 * MB, { what: 'the space' });

  // It drops nothing itself, which the first reader would not know of.
  const output = await OutputFile.open(found.file, { ...limits, lookMs: 600_000 });
  const again = await reading(t, { file: found.file, output, position: 5 });
  await again.finish();
  for (const one of [found, again]) {
    if (one === found) resume?.();
    await one.finish();
    const rest = one.pieces.filter(({ note }) => note !== undefined);
    // A slow machine may drop more than once.
    t.true(rest.length > 0);
    const notes = rest.map(({ note = '' }) => note);
    for (const note of notes)
      t.regex(note, /^\d+ bytes of output are missing here: more than 4194304 bytes waited/);
    const missing = notes.reduce((sum, note) => sum + Number.parseInt(note, 10), 0);
    t.regex(one.text(), /^(first)?b+$/);
    t.is(one.pieces.at(-1)?.position, 16 * MB + 5);
    t.is(one.text().replace('first', '').length + missing, 16 * MB);
  }
});

test('reads on in a file that its writer has emptied, also after a restart', async (t) => {
  const found = await reading(t);
  for (const text of ['one\n', 'two\n']) {
    await appendFile(found.file, 'a long beginning\n');
    await until(() => found.text().endsWith('beginning\n'), { what: 'the beginning' });
    await truncate(found.file);
    await appendFile(found.file, text);
    await until(() => found.text().endsWith(text), { what: text });
  }
  await found.finish();
  t.is(found.text(), 'a long beginning\none\na long beginning\ntwo\n');
  const notes = found.pieces.flatMap(({ note }) => note ?? []);
  t.is(notes.length, 1);
  t.regex(notes[0] ?? '', /^some output may be missing here: a program of the task emptied its output file/);
  const position = found.pieces.at(-1)?.position ?? 0;
  await appendFile(found.file, 'three\n');
  const later = await reading(t, { file: found.file, output: await OutputFile.open(found.file), position });
  await later.finish();
  t.is(later.text(), 'three\n');
});
