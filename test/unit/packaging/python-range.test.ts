import test from 'ava';
import { inRange, parsePythonRange } from '../../../src/packaging/python-range.js';

const RANGES: [text: string, inside: string[], outside: string[]][] = [
  ['>=3.9,<3.13', ['3.9.0', '3.12.7'], ['3.8.18', '3.13.0']],
  ['>=3.9, <4', ['3.9.1', '3.13.0'], ['3.8.1', '4.0.0']],
  ['>= 3.9 < 3.11', ['3.10.1'], ['3.11.0']],
  ['~=3.10', ['3.10.0', '3.13.0'], ['3.9.0', '4.0.0']],
  ['==3.11.*', ['3.11.7'], ['3.12.0']],
  ['3.11.*', ['3.11.7'], ['3.1.1']],
  ['3.11', ['3.11.0', '3.11.9'], ['3.12.0']],
  ['^3.9', ['3.9.0', '3.13.1'], ['3.8.9', '4.0.0']],
  ['~3.9', ['3.9.18'], ['3.10.0']],
  ['~3.9 || ^3.11', ['3.9.1', '3.12.0'], ['3.10.1']],
  ['!=3.10.*,>=3.9', ['3.9.1', '3.11.0'], ['3.10.4']],
  ['>=3.6.*', ['3.6.0', '3.12.1'], ['3.5.9']],
  ['>=3.14', ['3.14.0rc2'], ['3.13.9']],
  ['*', ['3.6.0'], []],
];

for (const [text, inside, outside] of RANGES)
  test(`the range of Pythons ${text}`, (t) => {
    const range = parsePythonRange(text);
    t.is(range?.text, text);
    for (const version of inside) t.true(inRange(version, range), version);
    for (const version of outside) t.false(inRange(version, range), version);
  });

test('a text that is no range of versions limits nothing', (t) => {
  t.is(parsePythonRange('whatever you like'), undefined);
});
