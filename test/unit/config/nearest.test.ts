import test from 'ava';
import { nearest } from '../../../src/config/nearest.js';

test('the closest name, none when all are far', (t) => {
  const known = ['agent.git_user', 'agent.git_pass', 'api'];
  t.is(nearest('agent.git_usr', known), 'agent.git_user');
  t.is(nearest('agent.gitpass', known), 'agent.git_pass');
  t.is(nearest('ap', known), 'api');
  t.is(nearest('something.else.entirely', known), undefined);
});
