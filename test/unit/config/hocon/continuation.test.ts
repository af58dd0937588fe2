import test from 'ava';
import { parseHocon } from '../../../../src/config/hocon/parse-hocon.js';

const CASES: readonly [name: string, text: string, value: unknown][] = [
  ['words', 'a: one \\\ntwo', 'one two'],
  ['without a blank', 'a: one\\\ntwo', 'onetwo'],
  ['indented', 'a: one \\\n     two\nb: 3', 'one two'],
  ['Windows line ends', 'a: one \\\r\ntwo\r\n', 'one two'],
  ['three lines', 'a: one \\\ntwo \\\nthree', 'one two three'],
  ['quoted parts', 'a: "one" \\\n "two"', 'one two'],
  ['from the first line on', 'a: \\\n  one', 'one'],
  ['lists', 'a: [1] \\\n [2]', [1, 2]],
  ['in a list', 'a: [one \\\n two, three]', ['one two', 'three']],
];

for (const [name, text, value] of CASES) {
  test(`a backslash at the end of a line: ${name}`, (t) => {
    const { root } = parseHocon(text, { file: 'test.conf', env: {} });
    t.deepEqual((root as { a: unknown }).a, value);
  });
}

const HINTS: readonly [text: string, hint: RegExp][] = [
  ['${NAME:-x y}', /"key: x y", then "key: \$\{\?NAME\}"/],
  ['${NAME-x}', /"key: x", then/],
  ['${NAME:=x}', /"key: x", then/],
  ['${NAME:?gone}', /\$\{NAME\} alone is an error already/],
  ['${NAME%/}', /Only a shell reads "%\/"/],
  ['${#NAME}', /no lengths/],
  ['${NAME}', /Define it, or write \$\{\?NAME\}/],
];

for (const [text, hint] of HINTS) {
  test(`the hint for ${text}`, (t) => {
    const error = t.throws<Error & { hint?: string }>(() =>
      parseHocon(`a: ${text}`, { file: 'test.conf', env: {} }),
    );
    t.regex(error?.hint ?? '', hint);
  });
}
