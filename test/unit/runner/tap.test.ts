import test from 'ava';
import { addTallies, tallyLine } from '../../runner/tally.js';
import { TapReader } from '../../runner/tap.js';

const STREAM = `TAP version 13
ok 1 - area › fine
# said by the test
not ok 2 - area › wrong # of things
  ---
    name: AssertionError
  ...
ok 3 - area › later # SKIP
not ok 4 - area › some day # TODO
not ok 5 - test/x.test.ts exited with a non-zero exit code: 1

1..5
# tests 3
# pass 1
# fail 2`;

test('results are counted by what they are, not by the summary', (t) => {
  const reader = new TapReader();
  const shown = STREAM.split('\n').flatMap((line) => reader.line(line) ?? []);
  t.like(reader.tally, { passed: 1, failed: 2, skipped: 2 });
  t.deepEqual(reader.tally.failures, [
    'area › wrong # of things',
    'test/x.test.ts exited with a non-zero exit code: 1',
  ]);
  t.deepEqual(shown.slice(0, 3), [
    '  ✔ area › fine',
    '    ℹ said by the test',
    '  ✘ area › wrong # of things',
  ]);
  t.is(tallyLine(reader.tally), '1 passed, 2 failed, 2 skipped');
});

test('the sum of nothing is nothing', (t) => {
  t.is(tallyLine(addTallies([])), '0 passed, 0 failed');
});
