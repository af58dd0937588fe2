import test from 'ava';
import { limitWords } from '../../../../src/container/resources/limit-words.js';

const GIB = 1024 ** 3;

test('what a task may use becomes options of its container', (t) => {
  t.deepEqual(limitWords(), []);
  t.deepEqual(limitWords({}), []);
  t.deepEqual(limitWords({ cpus: 1.5, memory: GIB }), ['--cpus=1.5', `--memory=${GIB}`]);
  // The policy of the administrator is the most that a task can get.
  t.deepEqual(limitWords({ memory: 4 * GIB }, [], GIB), [`--memory=${GIB}`]);
});

test('a quota of the arguments stands instead of a number of processors', (t) => {
  t.deepEqual(limitWords({ cpus: 2, memory: GIB }, ['--cpu-quota', '50000']), [`--memory=${GIB}`]);
  t.deepEqual(limitWords({ cpus: 2 }, ['--cpu-period=1000']), []);
  t.deepEqual(limitWords({ cpus: 2 }, ['--cpus', '1']), ['--cpus=2']);
});
