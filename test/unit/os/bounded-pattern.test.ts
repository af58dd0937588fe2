import test from 'ava';
import { BoundedPattern, SlowPatternError } from '../../../src/os/bounded-pattern.js';

const SLOW: readonly [pattern: string, text: string][] = [
  ['^(a+)+$', `${'a'.repeat(40)}!`],
  ['^(?=(a|aa)+$)', `${'a'.repeat(60)}!`],
  ['^(\\w+\\s?)*\\1$', `${'word'.repeat(30)}!`],
];

for (const [pattern, text] of SLOW)
  test(`a pattern that takes exponential time is ended: ${pattern}`, (t) => {
    t.throws(() => new BoundedPattern(pattern).test(text), { instanceOf: SlowPatternError });
    t.notThrows(() => new BoundedPattern(pattern).test('aa'));
  });

test('what a pattern finds is what RegExp finds', (t) => {
  const pattern = new BoundedPattern('(?<=--)(?<name>\\w+)', 'i');
  t.is(pattern.exec('--IPC=host')?.groups?.name, 'IPC');
  t.is(pattern.exec('ipc'), null);
  t.true(pattern.test('--x'));
  t.throws(() => new BoundedPattern('('), { instanceOf: SyntaxError });
});
