import test from 'ava';
import fc from 'fast-check';
import { isBalanced, quoteWord, splitWords } from '../../../src/os/shell-words.js';

const CASES: readonly [text: string, words: string[]][] = [
  ['', []],
  ['  ', []],
  ['a  b\tc\n', ['a', 'b', 'c']],
  [`-e "A=b c" 'd "e"'`, ['-e', 'A=b c', 'd "e"']],
  [`a"b"'c'd`, ['abcd']],
  [`""  ''`, ['', '']],
  [String.raw`a\ b "\"q\" \n" '\n'`, ['a b', String.raw`"q" \n`, String.raw`\n`]],
  [`--user "--url=https://x y" 'a b'c d\\ e ""`, ['--user', '--url=https://x y', 'a bc', 'd e', '']],
  ['"open', ['open']],
  ["a 'open end", ['a', 'open end']],
  ['end\\', ['end\\']],
  ['--a 1 \\\n  --b "c\\\nd" e\\\nf', ['--a', '1', '--b', 'cd', 'ef']],
  ['$HOME *', ['$HOME', '*']],
];

for (const [text, words] of CASES) {
  test(`${JSON.stringify(text)} as words`, (t) => t.deepEqual(splitWords(text), words));
}

test('quoted words are split into the same words', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom(...`a'"\\ $\n~=*`) })), (words) => {
      const text = words.map(quoteWord).join(' ');
      return isBalanced(text) && JSON.stringify(splitWords(text)) === JSON.stringify(words);
    }),
  );
  t.is(quoteWord('--a=b,c:/d'), '--a=b,c:/d');
});
