import test from 'ava';
import { parseHocon } from '../../../../src/config/hocon/parse-hocon.js';

const REFUSED: readonly [what: string, text: string][] = [
  ['lists within lists', '['.repeat(100_000)],
  ['objects within objects', 'a{'.repeat(100_000)],
  ['a key of endless parts', `${'a.'.repeat(100_000)}b: 1`],
  ['a value that refers to itself endlessly', `a: x\n${'a: ${a}x\n'.repeat(3000)}`],
  ['a text that doubles', `a0: xxxxxxxx\n${doubled((before) => `${before}${before}`)}`],
  ['a list that doubles', `a0: [1]\n${doubled((before) => `${before} ${before}`)}`],
  ['a list that a brace ends', 'a = [{}}'],
  ['a list that a brace ends behind a substitution', 'b = 1, a = [${b}}'],
  ['an unfinished text of backslashes', `a: "${'\\'.repeat(100_000)}`],
];

for (const [what, text] of REFUSED) {
  test(`${what}: a coded error, soon`, (t) => {
    t.throws(() => parseHocon(text, { file: 'f', env: {} }), { code: 'CONFIG_SYNTAX' });
  });
}

const TAKEN: readonly [what: string, text: string][] = [
  ['many empty lines', `${'\n'.repeat(100_000)}a: 1`],
  ['many comments', `${'# c\n'.repeat(50_000)}a: 1`],
  ['a long text', `a: "${'x'.repeat(1_000_000)}"`],
  ['a long list', `a: [${'1,'.repeat(50_000)}]`],
  ['a key that is appended to often', 'a += [1]\n'.repeat(3000)],
  ['a section that is opened often', 'a { b: 1 }\n'.repeat(3000)],
];

for (const [what, text] of TAKEN) {
  test(`${what}: read`, (t) => {
    t.deepEqual(Object.keys(parseHocon(text, { file: 'f', env: {} }).root as object), ['a']);
  });
}

function doubled(form: (before: string) => string): string {
  return Array.from({ length: 40 }, (_, i) => `a${i + 1}: ${form(`\${a${i}}`)}`).join('\n');
}
