import test from 'ava';
import { isReading } from '../../../src/server/auth/roles.js';
import { ENDPOINTS } from '../../../src/server/endpoints.js';

/** Beginnings of the names of actions that change something. */
const CHANGING =
  /^(add|archive|clear|clone|close|completed?|create|delete|dequeue|edit|enqueue|failed|make|merge|move|publish|register|remove|reset|resize|set|share|started|status_report|stop|stopped|unarchive|unregister|update|upload)/;

test('nothing whose name says that it changes something counts as reading', (t) => {
  const wrong = Object.keys(ENDPOINTS).filter(
    (name) => isReading(name) && CHANGING.test(name.split('.')[1] ?? ''),
  );
  t.deepEqual(wrong, []);
});

test('what a page shows counts as reading; pulling a task does not', (t) => {
  for (const name of [
    'tasks.get_all_ex',
    'events.get_task_log',
    'events.debug_images',
    'auth.login',
    'users.get_current_user',
  ])
    t.true(isReading(name), name);
  for (const name of ['queues.get_next_task', 'tasks.ping', 'auth.get_token_for_user'])
    t.false(isReading(name), name);
});
