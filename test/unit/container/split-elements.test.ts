import test from 'ava';
import { sanitizeCommand } from '../../../src/container/arguments/sanitize-command.js';
import { splitElements } from '../../../src/container/arguments/split-elements.js';

const CASES: readonly [given: string[], words: string[]][] = [
  [['-e A=B'], ['-e', 'A=B']],
  [
    ['-e  A=B', '-v /a:/b'],
    ['-e', 'A=B', '-v', '/a:/b'],
  ],
  [['-e\tA=B'], ['-e', 'A=B']],
  [[' -e A=B '], ['-e', 'A=B']],
  [['--env A=B'], ['--env', 'A=B']],
  [['--shm-size 8g'], ['--shm-size', '8g']],
  [['--ipc host --shm-size 8g'], ['--ipc', 'host', '--shm-size', '8g']],
  [['--ipc=host --shm-size=8g'], ['--ipc=host', '--shm-size=8g']],
  [['--rm=false -it'], ['--rm=false', '-it']],
  [['-itv /a:/b'], ['-itv', '/a:/b']],
  [['-e A=B -e C="d e"'], ['-e', 'A=B', '-e', 'C=d e']],
  [["-e 'A=b c'"], ['-e', 'A=b c']],
  [['-e "A=b c"'], ['-e', 'A=b c']],
  [['-e A="b c"'], ['-e', 'A=b c']],
  [['"-e A=B"'], ['-e', 'A=B']],
  // The value is all that follows where it cannot be anything else.
  [['-e A=hello world'], ['-e', 'A=hello world']],
  [["-e A=it's"], ['-e', "A=it's"]],
  [['-e A={"x": 1}'], ['-e', 'A={"x": 1}']],
  [['-e A=["x","y"]'], ['-e', 'A=["x","y"]']],
  [['-e OPTS=-a -b'], ['-e', 'OPTS=-a -b']],
  [['-v /a b:/c'], ['-v', '/a b:/c']],
  // What is no option with its value stays.
  [
    ['-e', 'A=b c', '--env=A=b c', '-eA=b c'],
    ['-e', 'A=b c', '--env=A=b c', '-eA=b c'],
  ],
  [
    ['--gpus', '"device=0,1"'],
    ['--gpus', '"device=0,1"'],
  ],
  [['--no-such thing'], ['--no-such', 'thing']],
];

for (const [given, words] of CASES) {
  test(`docker arguments ${JSON.stringify(given)}`, (t) => t.deepEqual(splitElements(given), words));
}

test('a secret in such an element is hidden', (t) => {
  const rules = { enabled: true, extraNames: ['*_KEY'], urls: true };
  t.deepEqual(sanitizeCommand(['-e API_KEY=secret'], rules), ['-e', 'API_KEY=********']);
});
