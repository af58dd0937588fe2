import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Ending } from '../../../src/daemon/ending.js';
import {
  ENDING_GOALS,
  ENDING_STATES,
  type EndingGoal,
  type EndRequest,
  endingTags,
  stateAfterRequest,
} from '../../../src/daemon/ending-state.js';

function setUp(running = 1) {
  const left: number[] = [];
  const said: string[] = [];
  const ending = new Ending({
    say: (text) => said.push(text),
    leave: (status) => left.push(status),
    running: () => running,
  });
  const changes = { count: 0 };
  ending.onChange(() => {
    changes.count += 1;
  });
  const ask = (to: EndingGoal, more: Partial<EndRequest> = {}) =>
    ending.request({ to, cause: 'a test', ...more });
  return { ending, left, said, changes, ask };
}

const TABLE: Record<string, readonly (string | undefined)[]> = {
  //          drain       stop        kill       leave
  running: ['draining', 'stopping', 'killing', 'leaving'],
  paused: ['draining', 'stopping', 'killing', 'leaving'],
  draining: ['draining', 'stopping', 'killing', 'leaving'],
  stopping: [undefined, 'stopping', 'killing', undefined],
  killing: [undefined, undefined, undefined, undefined],
  leaving: [undefined, undefined, 'killing', undefined],
};

for (const state of ENDING_STATES) {
  test(`what each request leads to from ${state}`, (t) => {
    t.deepEqual(
      ENDING_GOALS.map((goal) => stateAfterRequest(state, goal)),
      [...(TABLE[state] ?? [])],
    );
  });
}

test('a pause ends nothing and can be cancelled; an end is stronger', (t) => {
  const { ask, ending, left } = setUp();
  t.true(ending.request({ to: 'pause', cause: 'a plan' }));
  t.true(ending.isPaused);
  t.false(ending.drain.aborted || ending.stop.aborted || ending.kill.aborted || ending.handOver.aborted);
  t.deepEqual(endingTags(ending.view), ['paused']);
  t.true(ending.resume('another plan'));
  t.deepEqual(ending.view, { state: 'running' });
  ending.request({ to: 'pause', cause: 'a plan' });
  t.true(ask('stop'));
  t.false(ending.request({ to: 'pause', cause: 'too late' }));
  t.is(ending.view.state, 'stopping');
  t.deepEqual(left, []);
});

test('a second request overrides a weaker one, and a weaker one has no effect', (t) => {
  const { ask, ending, changes } = setUp();
  t.true(ask('drain'));
  t.true(ask('stop', { cause: 'the first stop' }));
  t.false(ask('drain'));
  t.false(ask('leave'));
  t.true(ask('stop', { cause: 'another stop', requeue: true }));
  t.deepEqual(ending.order, { cause: 'the first stop', requeue: false });
  t.true(ask('kill'));
  t.false(ask('stop'));
  t.is(ending.view.state, 'killing');
  t.false(ending.handOver.aborted);
  t.is(changes.count, 3);
  ending.close();
});

test('a drain becomes a stop at its time limit, with what it was asked for', async (t) => {
  const { ask, ending } = setUp();
  ask('drain', { timeoutMs: 60, requeue: true, cause: 'agent daemon --stop --drain' });
  t.false(ending.stop.aborted);
  t.regex(ending.view.until ?? '', /^\d{4}-\d\d-\d\dT/);
  while (!ending.stop.aborted) await sleep(10);
  t.is(ending.view.state, 'stopping');
  t.regex(ending.order?.cause ?? '', /^agent daemon --stop --drain, time limit of .* over$/);
  t.true(ending.order?.requeue);
  t.false(ending.kill.aborted);
  ending.close();
});

test('a stop becomes a kill at its time limit, also one that is given later', async (t) => {
  const { ask, ending } = setUp();
  ask('stop');
  t.is(ending.view.until, undefined);
  ask('stop', { timeoutMs: 30 });
  while (!ending.kill.aborted) await sleep(10);
  t.is(ending.view.state, 'killing');
  ending.close();
});

test('a drain that is asked for once more gets the new time limit, or none', async (t) => {
  const { ask, ending } = setUp();
  ask('drain', { timeoutMs: 50 });
  const { since } = ending.view;
  await sleep(5);
  ask('drain');
  await sleep(200);
  t.is(ending.view.state, 'draining');
  t.is(ending.view.since, since);
  t.is(ending.view.until, undefined);
  ending.close();
});

test('a cancelled drain ends neither pulling nor running tasks', async (t) => {
  const { ask, ending, said, changes } = setUp();
  ending.mayResume = true;
  t.true(ending.resume('nothing to take back'));
  ask('drain', { timeoutMs: 40, requeue: true });
  const again = ending.isResumed(new Promise(() => undefined));
  const drained = ending.drain;
  t.true(ending.resume('a test'));
  t.true(await again);
  t.true(drained.aborted);
  t.false(ending.drain.aborted);
  t.deepEqual(ending.view, { state: 'running' });
  t.is(ending.order, undefined);
  t.is(changes.count, 2);
  t.regex(said.at(-1) ?? '', /cancelled \(a test\)/);
  await sleep(100);
  t.false(ending.stop.aborted, 'its time limit is gone, too');
  t.true(ask('drain'));
  t.true(ending.drain.aborted);
  ending.close();
});

test('a drain whose last task has ended cannot be cancelled', async (t) => {
  const { ask, ending } = setUp(0);
  ending.mayResume = true;
  ask('drain');
  t.false(await ending.isResumed(Promise.resolve()));
  t.false(ending.resume('a test'));
  t.is(ending.view.state, 'draining');
  ending.close();
});

for (const to of ['stop', 'kill', 'leave'] as const) {
  test(`a ${to} cannot be cancelled`, async (t) => {
    const { ask, ending } = setUp();
    ending.mayResume = true;
    ask('drain');
    ask(to);
    const { state } = ending.view;
    t.false(ending.resume('a test'));
    t.is(ending.view.state, state);
    ending.close();
  });
}

test('a kill without tasks leaves at once', (t) => {
  const { ask, ending, left } = setUp(0);
  t.true(ask('kill'));
  t.deepEqual(left, [143]);
  ending.close();
});

test('the tags of a worker name its state and its time limit', (t) => {
  t.deepEqual(endingTags({ state: 'running' }), []);
  t.deepEqual(endingTags({ state: 'stopping' }), ['stopping']);
  t.deepEqual(endingTags({ state: 'draining', until: '2026-01-02T03:04:05.000Z' }), [
    'draining',
    'until:2026-01-02T03:04:05.000Z',
  ]);
});
