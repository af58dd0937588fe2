import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { KNOWN_DIFFERENCES } from '../../support/recorded-answers/known-differences.js';
import { replay, type StepResult } from '../../support/recorded-answers/replay.js';
import { readScenario, scenarioFiles } from '../../support/recorded-answers/scenario.js';

for (const file of scenarioFiles()) {
  test(`${file}: the server answers as the released one did`, async (t) => {
    const { server } = await serverUnderTest(t);
    const results = await replay(server, readScenario(file));
    const counted = results.filter(({ step }) => step.disputed !== true);
    t.true(counted.length > 0);
    const known = new Set(Object.keys(KNOWN_DIFFERENCES[file] ?? {}).map(Number));
    const different = counted.filter((result) => result.differences.length > 0);
    const unexpected = different.filter(({ index }) => !known.has(index));
    t.is(unexpected.length, 0, unexpected.map(told).join('\n'));
    const wrong = new Set(different.map(({ index }) => index));
    t.deepEqual(
      [...known].filter((index) => !wrong.has(index)),
      [],
      'these steps are answered as recorded now: take them off the list',
    );
  });
}

test('a difference is listed for a file that there is', (t) => {
  t.deepEqual(
    Object.keys(KNOWN_DIFFERENCES).filter((file) => !scenarioFiles().includes(file)),
    [],
  );
});

function told({ index, step, differences }: StepResult): string {
  const note = step.note === undefined ? '' : ` (${step.note})`;
  return `step ${index} ${step.call}${note}\n  ${differences.join('\n  ')}`;
}
