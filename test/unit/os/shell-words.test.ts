import test from 'ava';
import { splitWords } from '../../../src/os/shell-words.js';

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
  ['$HOME *', ['$HOME', '*']],
];

for (const [text, words] of CASES) {
  test(`${JSON.stringify(text)} as words`, (t) => t.deepEqual(splitWords(text), words));
}
