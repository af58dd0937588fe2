import test, { type ExecutionContext } from 'ava';
import { Backtracking } from '../../../src/server/query/patterns/backtracking.js';
import { Patterns } from '../../../src/server/query/patterns/patterns.js';
import { shellPattern } from '../../../src/server/workers/worker-view.js';

function patternsOf(t: ExecutionContext): Patterns {
  const backtracking = new Backtracking();
  t.teardown(() => backtracking.close());
  return new Patterns(backtracking);
}

/** What a request finds that asks a second time where it must. */
async function matches(patterns: Patterns, pattern: string, text: string): Promise<boolean> {
  const find = () => patterns.compile(pattern).test(text);
  const first = find();
  try {
    patterns.assertSettled();
    return first;
  } catch {
    await patterns.settle();
    return find();
  }
}

const CASES: [pattern: string, text: string, expected: boolean][] = [
  ['^train\\-net\\ \\(v2\\)$', 'train-net (v2)', true],
  ['a\\Z', 'ba', true],
  ['a\\Z', 'ab', false],
  ['\\\\Z', 'x\\Z', true],
  ['\\Aab', 'cab', false],
  ['(?P<word>net)', 'net', true],
  ['(?i)NET', 'net', true],
  ['(?is)^N.T$', 'n\nt', true],
  ['NET', 'net', false],
  ['^(a+)+$', `${'a'.repeat(5000)}!`, false],
  ['\u2603{2}', '\u2603\u2603', true],
  // What RE2 does not have.
  ['^(?!draft)', 'draft of a net', false],
  ['^(?!draft)', 'net', true],
  ['(?i)^(?=NET)', 'net', true],
  ['(.)\\1', 'need', true],
  ['(?P<twice>.)(?=\\Z)', 'x', true],
  ['a{2,3}b', 'caab', true],
  ['a{2,3}b', 'cab', false],
  [`^${'x'.repeat(2000)}$`, 'x'.repeat(2000), true],
  ['end$', `${'long '.repeat(4000)}end`, true],
];

for (const [pattern, text, expected] of CASES) {
  test(`pattern: ${pattern.slice(0, 40)} on ${JSON.stringify(text.slice(0, 20))}`, async (t) => {
    t.is(await matches(patternsOf(t), pattern, text), expected);
  });
}

for (const pattern of ['(', '(?<!a', 'a'.repeat(4_000_000), '\u2603'.repeat(20_000), '^(?=(a+)+$)']) {
  test(`pattern refused: ${pattern.slice(0, 20)}`, async (t) => {
    const error = await t.throwsAsync(() => matches(patternsOf(t), pattern, `${'a'.repeat(5000)}!`));
    t.like(error, { status: 400, subcode: 21 });
    t.true((error?.message ?? '').length < 1000, 'the answer is short');
  });
}

test('a match that takes too long ends by itself, and the next one is answered', async (t) => {
  const patterns = patternsOf(t);
  const slow = t.throwsAsync(() => matches(patterns, '^(?=(a+)+$)', `${'a'.repeat(5000)}!`), {
    message: /longer than 1000 ms/,
  });
  await slow;
  t.true(await matches(patternsOf(t), '^(?=a)', 'a'));
});

const SHELL: [pattern: string, id: string, expected: boolean][] = [
  ['box:gpu*', 'box:gpu0', true],
  ['box:gpu*', 'a box:gpu0', false],
  ['box.?', 'box.1', true],
  ['box.?', 'boxx1', false],
  ['box[0-2]', 'box1', true],
  ['box[!0-2]', 'box1', false],
  ['box[1', 'box[1', true],
  ['box[]]', 'box]', true],
  ['a+(b)', 'a+(b)', true],
];

for (const [pattern, id, expected] of SHELL) {
  test(`shell pattern: ${pattern} on ${id}`, async (t) => {
    t.is(await matches(patternsOf(t), shellPattern(pattern), id), expected);
  });
}
