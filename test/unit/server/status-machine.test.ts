import test from 'ava';
import {
  assertTransition,
  TASK_STATUSES,
  type TaskStatus,
} from '../../../src/server/tasks/status-machine.js';

/** Written out from the documentation of the states: one letter a column, in the order of the head. */
const COLUMNS: TaskStatus[] = [
  'created',
  'queued',
  'in_progress',
  'stopped',
  'closed',
  'failed',
  'completed',
  'publishing',
  'published',
];
const ALLOWED: Record<Exclude<TaskStatus, 'unknown'>, string> = {
  created: '=++......',
  queued: '+=++.....',
  in_progress: '+.=+.++..',
  stopped: '+++=+++++',
  closed: '+..+=+.++',
  failed: '++.+.=..+',
  completed: '+.+...=.+',
  publishing: '.......=+',
  published: '........=',
};

for (const from of TASK_STATUSES.filter((status) => status !== 'unknown')) {
  test(`from ${from}`, (t) => {
    for (const [index, to] of COLUMNS.entries()) {
      const change = () => assertTransition({ status: from }, to);
      if (ALLOWED[from][index] === '.') {
        t.like(
          t.throws(change),
          { status: 400, subcode: 110, data: { current_status: from, new_status: to } },
          to,
        );
      } else t.notThrows(change, to);
    }
  });
}

test('a task of unknown status goes nowhere', (t) => {
  t.like(
    t.throws(() => assertTransition({ status: 'unknown' }, 'created')),
    { status: 400, subcode: 110, data: { current_status: 'unknown', new_status: 'created' } },
  );
});
