import test from 'ava';
import type { OutputChunk } from '../../../src/drivers/driver.js';
import { NoteQueue } from '../../../src/drivers/note-queue.js';

const piece = (text: string, position: number): OutputChunk => ({ data: Buffer.from(text), position });
const shown = ({ data, position, note }: OutputChunk) => [Buffer.from(data).toString(), position, note];
const { signal } = new AbortController();

test('notes come between the pieces with the position of the piece before them', async (t) => {
  const notes = new NoteQueue();
  notes.add('first');
  async function* pieces() {
    yield piece('a', 11);
    notes.add('second');
    yield piece('b', 12);
    notes.add('last');
  }
  const found = [];
  for await (const one of notes.between(pieces(), 10, signal, () => undefined)) found.push(shown(one));
  t.deepEqual(
    found.filter(([text]) => text !== ''),
    [
      ['a', 11, undefined],
      ['b', 12, undefined],
    ],
  );
  t.deepEqual(
    found.filter(([text]) => text === '').map(([, , note]) => note),
    ['first', 'second', 'last'],
  );
  t.deepEqual(found[0], ['', 10, 'first']);
  t.deepEqual(found.at(-1), ['', 12, 'last']);
});

test('a note does not wait for output', async (t) => {
  const notes = new NoteQueue();
  let leave: () => void = () => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  async function* pieces() {
    await left;
    yield piece('late', 4);
  }
  const reading = notes.between(pieces(), 0, signal, () => leave());
  setImmediate(() => notes.add('now'));
  const first = await reading.next();
  t.is(first.value?.note, 'now');
  await reading.return(undefined);
  await left;
});

test('an error of the output reaches the reader', async (t) => {
  const notes = new NoteQueue();
  // biome-ignore lint/correctness/useYield: it fails before its first piece
  async function* pieces(): AsyncGenerator<OutputChunk> {
    throw new Error('unreadable');
  }
  await t.throwsAsync(notes.between(pieces(), 0, signal, () => undefined).next(), { message: 'unreadable' });
});
