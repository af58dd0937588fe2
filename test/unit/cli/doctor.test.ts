import test from 'ava';
import { type Check, type DoctorContext, ok, problem, warning } from '../../../src/cli/doctor/check.js';
import { CHECKS, examine } from '../../../src/cli/doctor/examine.js';
import { resultLines } from '../../../src/cli/doctor/run.js';
import { loadConfig } from '../../../src/config/load.js';
import { AgentError } from '../../../src/errors.js';

const context: DoctorContext = {
  config: loadConfig({ env: {}, home: '/nonexistent' }),
  home: '/nonexistent',
  queues: [],
  repository: undefined,
  connection: () => Promise.reject(new AgentError('CONFIG_MISSING', 'no server')),
  signal: new AbortController().signal,
};

function check(name: string, run: Check['run']): Check {
  return { name, title: name.toUpperCase(), run };
}

test('findings keep the order of the checks, and a check that fails is a problem', async (t) => {
  const results = await examine(context, [
    check('slow', async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [ok('one'), warning('two', 'mend it')];
    }),
    check('broken', () => Promise.reject(new AgentError('API_ANSWER', 'strange', { hint: 'look there' }))),
    check('nothing', async () => []),
    check('unconfigured', () => Promise.reject(new AgentError('CONFIG_MISSING', 'no server'))),
  ]);
  t.deepEqual(results, [
    { check: 'slow', title: 'SLOW', state: 'ok', text: 'one' },
    { check: 'slow', title: 'SLOW', state: 'warning', text: 'two', fix: 'mend it' },
    { check: 'broken', title: 'BROKEN', state: 'problem', text: 'strange', fix: 'look there' },
  ]);
});

test('the text: one line a finding, what to do below it', (t) => {
  const results = [
    { check: 'a', title: 'First', ...ok('fine') },
    { check: 'a', title: 'First', ...warning('so so', 'do this') },
    { check: 'b', title: 'Other one', ...problem('bad') },
  ];
  t.is(
    resultLines(results, false),
    [
      'ok       First      fine',
      'warning             so so',
      '                    → do this',
      'problem  Other one  bad',
      '',
      '1 problem, 1 warning',
    ].join('\n'),
  );
  t.true(resultLines(results, true).includes('\u001b[31mproblem\u001b[0m'));
});

test('a title and a text show their controls and do nothing to the terminal', (t) => {
  const text = resultLines([{ check: 'a', title: 'T\u001b[2J', ...ok('x\u0007\ny') }], false);
  t.is(text.split('\n')[0], 'ok       T\\x1b[2J  x\\x07\\ny');
});

test('every check has a name and a title of its own', (t) => {
  t.is(new Set(CHECKS.map(({ name }) => name)).size, CHECKS.length);
  t.is(new Set(CHECKS.map(({ title }) => title)).size, CHECKS.length);
});
