import test from 'ava';
import {
  assertTransition,
  nextMessage,
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
      const change = () => assertTransition({ id: 't', status: from }, to);
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
    t.throws(() => assertTransition({ id: 't', status: 'unknown' }, 'created')),
    { status: 500, subcode: 1 },
  );
});

test('an omitted message erases the old one', (t) => {
  t.is(nextMessage({ status: 'in_progress', status_message: 'old' }, 'completed', undefined), '');
  t.is(nextMessage({ status: 'created', status_message: 'old' }, 'queued', 'new'), 'new');
});

test('a request to stop outlives the announcements of a task that goes on', (t) => {
  const stopping = { status: 'in_progress', status_message: 'stopping' } as const;
  t.is(nextMessage(stopping, 'in_progress', 'launch by agent'), 'stopping');
  t.is(nextMessage(stopping, 'stopped', 'done'), 'done');
  t.is(nextMessage({ ...stopping, status: 'queued' }, 'in_progress', 'pulled by agent'), 'pulled by agent');
});
