import test from 'ava';
import fc from 'fast-check';
import { LineAssembler } from '../../../src/logs/assembler.js';

/** Bytes that make all the hard cases likely: line ends, returns, parts of long characters, invalid bytes. */
const awkwardBytes = fc
  .array(
    fc.constantFrom(
      ...['a', 'b c', '\n', '\r', '\r\n', 'é', '日', '🙂'].map((text) => [...Buffer.from(text)]),
      [0xff],
      [0xe6],
      [0xe6, 0x97],
      [0xf0, 0x9f],
      [0x80],
    ),
    { maxLength: 60 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

/** The bytes in pieces, cut at the given places. */
function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

interface Run {
  overwrite: boolean;
  maxHeld?: number;
  /** Asks for what is held after every piece. */
  flushes?: boolean;
}

function assemble(pieces: readonly Uint8Array[], { overwrite, maxHeld, flushes }: Run): string {
  const assembler = new LineAssembler({ overwrite, ...(maxHeld ? { maxHeld } : {}) });
  const texts: string[] = [];
  let position = 0;
  for (const piece of pieces) {
    position += piece.length;
    texts.push(assembler.push(piece, position)?.text ?? '');
    if (flushes) texts.push(assembler.flush()?.text ?? '');
  }
  texts.push(assembler.end()?.text ?? '');
  return texts.join('');
}

for (const overwrite of [true, false]) {
  test(`any cut of any bytes gives the same lines (overwrite ${overwrite})`, (t) => {
    t.notThrows(() =>
      fc.assert(
        fc.property(awkwardBytes, fc.array(fc.nat()), (bytes, cuts) => {
          const whole = assemble([bytes], { overwrite });
          return assemble(cutAt(bytes, cuts), { overwrite }) === whole;
        }),
        { numRuns: 500 },
      ),
    );
  });
}

test('showing an unfinished line at any moment neither adds nor repeats text', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(awkwardBytes, fc.array(fc.nat()), (bytes, cuts) => {
        const whole = assemble([bytes], { overwrite: false });
        return assemble(cutAt(bytes, cuts), { overwrite: false, flushes: true }) === whole;
      }),
      { numRuns: 500 },
    ),
  );
});

test('reading again from the position of any piece gives the same text', (t) => {
  const resumed = (bytes: Uint8Array, cuts: readonly number[], stop: number): string => {
    const first = new LineAssembler({ overwrite: true });
    let text = '';
    let position = 0;
    let read = 0;
    for (const piece of cutAt(bytes, cuts).slice(0, stop)) {
      read += piece.length;
      const got = first.push(piece, read);
      text += got?.text ?? '';
      position = got?.position ?? position;
    }
    const open = text !== '' && !text.endsWith('\n');
    const second = new LineAssembler({ overwrite: true, open });
    text += second.push(bytes.subarray(position), bytes.length)?.text ?? '';
    return text + (second.end()?.text ?? '');
  };
  t.notThrows(() =>
    fc.assert(
      fc.property(awkwardBytes, fc.array(fc.nat()), fc.nat(20), (bytes, cuts, stop) => {
        return resumed(bytes, cuts, stop) === assemble([bytes], { overwrite: true });
      }),
      { numRuns: 500 },
    ),
  );
});

const LINES: readonly [name: string, bytes: string, overwrite: boolean, expected: string][] = [
  ['a progress bar keeps its last state', '10%\r20%\r30%\n', true, '30%\n'],
  ['a return at the end keeps what is before it', '10%\r20%\r\n', true, '20%\n'],
  ['Windows line ends', 'a\r\nb\r\n', true, 'a\nb\n'],
  ['returns as line ends', '10%\r20%\r30%\n', false, '10%\n20%\n30%\n'],
  ['Windows line ends, returns as line ends', 'a\r\nb\r\n', false, 'a\nb\n'],
  ['a last line without an end gets one', 'a\nb', true, 'a\nb\n'],
  ['blank lines stay', '\n\na\n', true, '\n\na\n'],
  ['nothing', '', true, ''],
];

for (const [name, bytes, overwrite, expected] of LINES) {
  test(name, (t) => t.is(assemble([Buffer.from(bytes)], { overwrite }), expected));
}

test('a progress bar shows one state a flush, each on a line of its own', (t) => {
  const states = [' 10%\r 11%', '\r 20%\r 21%', '\r 30%\n'].map((text) => Buffer.from(text));
  t.is(assemble(states, { overwrite: true, flushes: true }), ' 11%\n 21%\n 30%\n');
  const trailing = ['10%\r', '20%\r', '30%\r', '\ndone\n'].map((text) => Buffer.from(text));
  t.is(assemble(trailing, { overwrite: true, flushes: true }), '10%\n20%\n30%\ndone\n');
});

test('a prompt is shown and its continuation follows without a line end', (t) => {
  const prompt = ['Name? ', 'Ada\n'].map((text) => Buffer.from(text));
  t.is(assemble(prompt, { overwrite: true, flushes: true }), 'Name? Ada\n');
});

test('a line without end is held only up to a limit and comes whole', (t) => {
  const line = '日本語'.repeat(500);
  const bytes = Buffer.from(line);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) =>
    bytes.subarray(i * 7, i * 7 + 7),
  );
  t.is(assemble(pieces, { overwrite: true, maxHeld: 64 }), `${line}\n`);
  const returns = Buffer.alloc(10_000, '\r');
  t.is(assemble([returns, returns, Buffer.from('x\n')], { overwrite: true, maxHeld: 64 }), 'x\n');
});

test('a text that may be the beginning of a secret stays until it is complete', (t) => {
  const assembler = new LineAssembler({ overwrite: true, keep: (text) => (text.endsWith('sec') ? 3 : 0) });
  assembler.push(Buffer.from('my sec'), 6);
  t.deepEqual(assembler.flush(), { text: 'my ', position: 3 });
  t.deepEqual(assembler.push(Buffer.from('ret\n'), 10), { text: 'secret\n', position: 10 });
});

test('a finished line that the redactor wants to see with the next one waits for it', (t) => {
  const assembler = new LineAssembler({ overwrite: true, keep: (text) => (text.endsWith('sec\n') ? 4 : 0) });
  t.deepEqual(assembler.push(Buffer.from('a\nb sec\n'), 8), { text: 'a\n', position: 2 });
  t.is(assembler.push(Buffer.from('ret'), 11), undefined);
  t.deepEqual(assembler.push(Buffer.from('\n'), 12), { text: 'b sec\nret\n', position: 12 });
  t.is(assembler.push(Buffer.from('c sec\n'), 18), undefined);
  t.deepEqual(assembler.flush(), { text: 'c ', position: 14 });
  t.deepEqual(assembler.end()?.text.trim(), 'sec');
});
