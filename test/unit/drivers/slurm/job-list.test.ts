import test from 'ava';
import {
  isLive,
  isPending,
  isStranded,
  parseJobs,
  pendingText,
} from '../../../../src/drivers/slurm/job-list.js';

test('a listing gives each job by its name', (t) => {
  const jobs = parseJobs(
    '7|RUNNING|n1|clearml-a-1|None\n8|PENDING||clearml-b-2|Nodes required are DOWN|x\n\nnoise\nx|y|z|k|r\n',
  );
  t.deepEqual(
    [...jobs.values()],
    [
      { id: '7', key: 'clearml-a-1', state: 'RUNNING', node: 'n1', reason: 'None' },
      { id: '8', key: 'clearml-b-2', state: 'PENDING', node: '', reason: 'Nodes required are DOWN|x' },
    ],
  );
});

test('of two jobs with one name the first one counts, in whatever order they are listed', (t) => {
  const lines = ['9|PENDING||k|None', '10|RUNNING|n1|k|None'];
  for (const text of [lines.join('\n'), lines.toReversed().join('\n')])
    t.is(parseJobs(text).get('k')?.id, '9');
});

/** States of the manual page of squeue: whether processes may be alive, and whether none has started yet. */
const STATES: Record<string, { live: boolean; pending?: boolean }> = {
  BOOT_FAIL: { live: false },
  CANCELLED: { live: false },
  COMPLETED: { live: false },
  COMPLETING: { live: true },
  CONFIGURING: { live: true },
  DEADLINE: { live: false },
  FAILED: { live: false },
  NODE_FAIL: { live: false },
  OUT_OF_MEMORY: { live: false },
  PENDING: { live: true, pending: true },
  PREEMPTED: { live: false },
  REQUEUED: { live: true, pending: true },
  REQUEUE_HOLD: { live: true, pending: true },
  RUNNING: { live: true },
  SPECIAL_EXIT: { live: true, pending: true },
  STOPPED: { live: true },
  SUSPENDED: { live: true },
  TIMEOUT: { live: false },
};

for (const [state, { live, pending = false }] of Object.entries(STATES)) {
  test(`a job that is ${state} is ${live ? 'not over' : 'over'}${pending ? ' and waits' : ''}`, (t) => {
    t.is(isLive({ state }), live);
    t.is(isPending({ state }), pending);
  });
}

test('a job is stranded only while it waits for its release after a failed launch', (t) => {
  const reason = 'launch failed requeued held';
  t.true(isStranded({ state: 'PENDING', reason }));
  t.true(isStranded({ state: 'PENDING', reason: 'launch_failed_requeued_held' }));
  t.false(isStranded({ state: 'RUNNING', reason }));
  t.false(isStranded({ state: 'PENDING', reason: 'JobHeldUser' }));
});

test('a pending reason comes with its meaning where it is known, and whole where it is not', (t) => {
  t.is(
    pendingText({ id: '5', reason: 'Resources' }),
    'Slurm job 5 is pending: Resources (its resources are in use)',
  );
  t.is(
    pendingText({ id: '5', reason: 'ReqNodeNotAvail, UnavailableNodes:n1' }),
    'Slurm job 5 is pending: ReqNodeNotAvail, UnavailableNodes:n1 (a node that it needs is not available)',
  );
  t.is(pendingText({ id: '5', reason: 'QOSMaxJobs' }), 'Slurm job 5 is pending: QOSMaxJobs');
});
