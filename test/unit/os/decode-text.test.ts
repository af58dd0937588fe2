import test from 'ava';
import { decodeText } from '../../../src/os/decode-text.js';

const TEXT = 'worker_name: "bär"\n';
const big = Buffer.from(`\ufeff${TEXT}`, 'utf16le').swap16();

const CASES: [name: string, bytes: Buffer, guessed: string | undefined][] = [
  ['UTF-8', Buffer.from(TEXT), undefined],
  ['UTF-16 of Windows', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), undefined],
  ['UTF-16, the high byte first', big, undefined],
  ['Latin-1', Buffer.from(TEXT, 'latin1'), 'windows-1252'],
];

for (const [name, bytes, guessed] of CASES) {
  test(`no letter is lost: ${name}`, (t) => {
    const decoded = decodeText(bytes);
    t.is(decoded.text, TEXT);
    t.is(decoded.guessed, guessed);
  });
}

test('a mark of UTF-8 is left to the reader, which knows it', (t) => {
  t.is(decodeText(Buffer.from('\ufeffa: 1')).text, '\ufeffa: 1');
});
