import test from 'ava';
import { timeLimit } from '../../../src/cli/duration.js';

const read = timeLimit('--timeout', 24 * 86_400_000);

const LIMITS: readonly [text: string, ms: number][] = [
  ['90s', 90_000],
  ['10m', 600_000],
  [' 2H ', 7_200_000],
  ['1d12h', 129_600_000],
  ['24d', 2_073_600_000],
];

test('a time limit has its unit', (t) => {
  for (const [text, ms] of LIMITS) t.is(read(text), ms, text);
});

const WRONG: readonly [text: string, problem: string][] = [
  ['5', '--timeout takes a time with its unit, such as 5m, got "5"'],
  ['5x', '--timeout takes a time such as 90s, 10m or 2h, got "5x"'],
  ['', '--timeout takes a time such as 90s, 10m or 2h, got ""'],
  ['-5s', '--timeout takes a time such as 90s, 10m or 2h, got "-5s"'],
  ['25d', '--timeout takes at most 24d, got "25d"'],
];

test('a time limit that cannot be kept is refused with what is expected', (t) => {
  for (const [text, message] of WRONG) t.throws(() => read(text), { code: 'USAGE', message }, text);
});
