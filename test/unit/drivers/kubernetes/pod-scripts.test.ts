import test from 'ava';
import { wholeRest } from '../../../../src/drivers/kubernetes/pod-scripts.js';

async function* of(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function read(pieces: readonly string[], position: number): Promise<string> {
  let text = '';
  for await (const data of wholeRest(of(...pieces), position)) text += Buffer.from(data).toString();
  return text;
}

test('the rest of an output is what comes after its size, wherever pieces end', async (t) => {
  t.is(await read(['5\nabcde'], 0), 'abcde');
  t.is(await read(['1', '2\n', 'x', 'y'], 10), 'xy');
  t.is(await read(['5\n'], 5), '');
  t.is(await read(['0\n'], 0), '');
});

test('an output that grows meanwhile is whole', async (t) => {
  t.is(await read(['2\nabc'], 0), 'abc');
});

test('an output whose end is missing is an error after what has come', async (t) => {
  await t.throwsAsync(read(['5\nab'], 0), { message: '3 bytes of the output are missing' });
  await t.throwsAsync(read([], 0), { message: /missing/ });
  await t.throwsAsync(read(['12'], 0), { message: /missing/ });
});
