import test from 'ava';
import type { TaskStanding } from '../../../src/api/tasks.js';
import {
  claimedRuntime,
  type RetryPlan,
  retriedRuntime,
  retriesOf,
  retryReason,
  retryStep,
} from '../../../src/task/retry-plan.js';

const PLAN: RetryPlan = { number: 1, limit: 2 };
const BEGUN: RetryPlan = { ...PLAN, started: 'T1' };
const running = {
  status: 'in_progress',
  status_message: 'Changed by clearml-agent w',
  started: 'T1',
} as const;

const STEPS: readonly [TaskStanding, RetryPlan, string][] = [
  [running, PLAN, 'take-out'],
  [running, BEGUN, 'take-out'],
  [{ ...running, started: 'T2' }, BEGUN, 'over'],
  [{ ...running, status_message: 'stopping' }, PLAN, 'stop'],
  [{ ...running, status_message: 'stopping', started: 'T2' }, BEGUN, 'over'],
  [{ status: 'created', status_message: 'pulled by agent', started: 'T1' }, BEGUN, 'enqueue'],
  [{ status: 'created', status_message: 'pulled by agent' }, PLAN, 'over'],
  [{ status: 'created', status_message: 'reset' }, BEGUN, 'over'],
  [{ status: 'queued' }, BEGUN, 'over'],
  [{ status: 'stopped' }, BEGUN, 'over'],
  [{ status: 'failed' }, PLAN, 'over'],
  [{ status: 'completed' }, PLAN, 'over'],
  ['missing', BEGUN, 'over'],
];

for (const [standing, plan, expected] of STEPS) {
  test(`${JSON.stringify(standing)} of a retry ${plan.started ? 'that has begun' : 'not begun'}: ${expected}`, (t) => {
    t.is(retryStep(standing, plan), expected as ReturnType<typeof retryStep>);
  });
}

test('the number of retries continues after an agent put the task back, and begins again after a user did', (t) => {
  const runtime = retriedRuntime({ runtime: { mine: 1 } }, { number: 2, limit: 3 }, 'clone');
  t.deepEqual(runtime, { mine: 1, failure_class: 'clone', infrastructure_retries: 2 });
  const retried = retryReason({ number: 2, limit: 3 }, 'clone', 'failed cloning repository');
  t.is(retried, 'retry 2 of 3: clone: failed cloning repository');
  const count = (status_reason: string | null) =>
    retriesOf({ runtime: claimedRuntime({ runtime, status_reason }) });
  t.is(count(retried), 2);
  t.is(count('put back: the agent was ended before the task started'), 2);
  t.is(count(''), 0);
  t.is(count(null), 0);
  t.is(claimedRuntime({ runtime, status_reason: retried }).failure_class, undefined);
});

test('a number that no agent wrote is no number of retries', (t) => {
  for (const infrastructure_retries of [undefined, null, '2', -1, 1.5, {}, Number.NaN])
    t.is(retriesOf({ runtime: { infrastructure_retries } }), infrastructure_retries === '2' ? 2 : 0);
  t.is(retriesOf({}), 0);
});
