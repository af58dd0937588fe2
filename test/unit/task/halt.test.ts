import test from 'ava';
import type { TaskStanding } from '../../../src/api/tasks.js';
import { Halt } from '../../../src/task/abort/halt.js';
import type { StopReason } from '../../../src/task/outcome.js';
import { until } from '../../support/until.js';

function haltOf(standing: TaskStanding, stop: AbortSignal) {
  const never = new AbortController().signal;
  const told: StopReason[] = [];
  const halt = new Halt({
    signals: { stop, kill: never, handOver: never },
    workerId: 'host:0',
    read: async () => standing,
    onVerdict: (reason) => told.push(reason),
  });
  return { halt, told };
}

const VERDICTS: [TaskStanding, StopReason, boolean][] = [
  [{ status: 'created' }, 'reset', true],
  ['missing', 'not_found', true],
  [{ status: 'failed' }, 'exception', false],
  [{ status: 'closed' }, 'status_changed', false],
];

for (const [standing, verdict, logless] of VERDICTS) {
  test(`${JSON.stringify(standing)} is the verdict ${verdict}, also while a stop is under way`, async (t) => {
    const { halt, told } = haltOf(standing, AbortSignal.abort());
    t.is(halt.reason, 'shutdown');
    await until(() => halt.verdict !== undefined, { what: 'the verdict' });
    t.deepEqual([halt.verdict, halt.logless.aborted, halt.reason], [verdict, logless, 'shutdown']);
    t.deepEqual(told, [verdict]);
    halt.close();
  });
}

test('a time limit ends the run at its time, one that is over at once, and none after the watch', async (t) => {
  const never = new AbortController().signal;
  const signals = { stop: never, kill: never, handOver: never };
  const limited = (endsAt: number) =>
    new Halt({ signals, workerId: 'host:0', read: () => new Promise(() => undefined), endsAt });
  const over = limited(Date.now() - 1);
  t.is(over.reason, 'time_limit');
  const soon = limited(Date.now() + 50);
  t.is(soon.reason, undefined);
  await until(() => soon.reason === 'time_limit', { what: 'the limit' });
  const far = limited(Date.now() + 60 * 24 * 3600 * 1000);
  const closed = limited(Date.now() + 20);
  closed.close();
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.is(closed.reason, undefined);
  t.is(far.reason, undefined);
  for (const halt of [over, soon, far]) halt.close();
});
