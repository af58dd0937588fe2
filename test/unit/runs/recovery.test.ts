import { inspect } from 'node:util';
import test from 'ava';
import type { JournalStep } from '../../../src/runs/journal.js';
import { type LeftTask, recoveryAction } from '../../../src/runs/recovery.js';

const task = (over: Partial<LeftTask> = {}): LeftTask => ({
  status: 'in_progress',
  status_message: '',
  queued: false,
  last_worker: 'me',
  ...over,
});

const cases: [JournalStep['step'], Partial<LeftTask>, string][] = [
  ['launched', {}, 'attach'],
  ['ended', {}, 'finish'],
  ['reported', {}, 'forget'],
  ['pulled', {}, 'put-back'],
  ['pulled', { status: 'queued' }, 'put-back'],
  ['pulled', { status: 'queued', queued: true }, 'forget'],
  ['preparing', {}, 'put-back'],
  ['preparing', { status_message: 'stopping' }, 'report-stopped'],
  ['preparing', { last_worker: 'other' }, 'forget'],
  ['preparing', { last_worker: undefined }, 'put-back'],
  ['preparing', { status: 'stopped' }, 'forget'],
];

for (const [last, over, expected] of cases) {
  test(`killed after "${last}", task ${inspect(over)}: ${expected}`, (t) => {
    t.is(
      recoveryAction({ task: 'T', queue: 'Q', last }, task(over), ['me']),
      expected as ReturnType<typeof recoveryAction>,
    );
  });
}
