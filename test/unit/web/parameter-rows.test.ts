import test from 'ava';
import { problemOf } from '../../../web/src/pages/tasks/parameter-rows.js';

const row = (section: string, name: string, value: string, key = 0) => ({
  key,
  section,
  name,
  value,
  rest: {},
});

const TABLE = {
  'a value without a name is a problem': {
    rows: [row('Args', 'lr', '1'), row('Args', ' ', '0.5')],
    problem: 'The value “0.5” has no name.',
  },
  'two values of one name are a problem': {
    rows: [row('Args', 'lr', '1'), row('', 'lr ', '2')],
    problem: 'The parameter Args/lr is there twice.',
  },
  'one name in two sections is no problem': { rows: [row('Args', 'lr', '1'), row('General', 'lr', '2')] },
  'an empty line is no problem': { rows: [row('Args', '', '')] },
};

for (const [title, { rows, ...expected }] of Object.entries(TABLE))
  test(title, (t) => {
    t.is(problemOf(rows), 'problem' in expected ? expected.problem : undefined);
  });
