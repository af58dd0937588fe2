import test from 'ava';
import { LastActivity } from '../../../src/daemon/queues/last-activity.js';
import { Poller, type PollerOptions } from '../../../src/daemon/queues/poller.js';
import { priorityOrder, turnOrder } from '../../../src/daemon/queues/queue-order.js';
import { NOTHING_HELD, pollerUnderTest } from '../../support/memory-queues.js';
import { until } from '../../support/until.js';

class CountedActivity extends LastActivity {
  count = 0;

  override note(): void {
    this.count += 1;
    super.note();
  }
}

test('priority order empties the first queue before the second', async (t) => {
  const { next } = pollerUnderTest({ a: ['a1', 'a2'], b: ['b1'] });
  t.deepEqual([(await next())?.task, (await next())?.task, (await next())?.task], ['a1', 'a2', 'b1']);
});

test('fair order takes from each queue in turn', async (t) => {
  const { next } = pollerUnderTest({ a: ['a1', 'a2', 'a3'], b: ['b1'] }, { order: turnOrder() });
  const taken = [];
  for (let count = 0; count < 4; count += 1) taken.push((await next())?.task);
  t.deepEqual(taken, ['a1', 'b1', 'a2', 'a3']);
});

test('an empty pass costs one call however many queues there are', async (t) => {
  const { queues, next } = pollerUnderTest({ a: [], b: [], c: ['c1'] });
  t.is((await next())?.task, 'c1');
  t.deepEqual(queues.calls, ['look', 'pop c']);
});

test('empty queues are not asked, queues of unknown length are', async (t) => {
  const { queues, next } = pollerUnderTest({ a: ['a1'], b: [] });
  queues.tellLength = false;
  queues.take('a');
  queues.add('b', 'b1');
  t.is((await next())?.task, 'b1');
  t.deepEqual(queues.calls, ['look', 'pop a', 'pop b']);
});

test('a task is announced before it is taken off its queue', async (t) => {
  const order: string[] = [];
  const { queues, next } = pollerUnderTest(
    { a: ['a1'] },
    {
      beforePop: async ({ task, queue }) =>
        void order.push(`announce ${task} of ${queue} after ${queues.calls.at(-1)}`),
    },
  );
  await next();
  t.deepEqual(order, ['announce a1 of a after look']);
});

test('a queue that may not be pulled from is passed over', async (t) => {
  const { next } = pollerUnderTest({ a: ['a1'], b: ['b1'] }, { allowed: ({ id }) => id === 'b' });
  t.is((await next())?.task, 'b1');
});

test('the wait ends with the signal', async (t) => {
  const { queues, vanished } = pollerUnderTest({});
  const poller = new Poller({
    queues,
    look: () => queues.getAll(),
    order: priorityOrder(),
    pace: { kind: 'fixed', ms: 60_000 },
    activity: new LastActivity(),
    allowed: () => true,
    vanished,
    warn: () => undefined,
  });
  t.is(await poller.next(AbortSignal.timeout(50)), undefined);
});

test('a task that is queued just after another has ended is not kept waiting for the interval', async (t) => {
  const { queues, next } = pollerUnderTest({ a: ['a1'] }, { pace: { kind: 'fixed', ms: 60_000 } });
  t.is((await next())?.task, 'a1');
  const following = next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  queues.add('a', 'a2');
  t.is((await following)?.task, 'a2');
});

/** Grants of which one is free at a time; `grants` has the queues that got it. */
function oneGrant(busy: boolean) {
  const state = { busy, releases: 0, grants: [] as string[] };
  return {
    state,
    release: () => {
      state.busy = false;
      state.releases += 1;
    },
    options: {
      admit: async ({ id }: { id: string }) => {
        if (state.busy) return undefined;
        state.busy = true;
        state.grants.push(id);
        return {
          begin: async () => undefined,
          release: async () => {
            state.busy = false;
            state.releases += 1;
          },
        };
      },
      releasesSince: () => {
        const { releases } = state;
        return () => releases !== state.releases;
      },
    },
  };
}

test('what comes free while the queues are asked goes to the first queue that waits for it', async (t) => {
  const { state, release, options } = oneGrant(true);
  const admit: PollerOptions['admit'] = async (queue) => {
    const grant = await options.admit(queue);
    if (queue.id === 'a' && grant === undefined) release();
    return grant;
  };
  const { next } = pollerUnderTest({ a: ['a1'], b: ['b1'] }, { ...options, admit });
  t.is((await next())?.task, 'a1');
  t.deepEqual(state.grants, ['b', 'a']);
});

test('a queue that is refused for itself holds no other back', async (t) => {
  const { state, options } = oneGrant(false);
  const admit: PollerOptions['admit'] = async (queue) =>
    queue.id === 'a' ? undefined : options.admit(queue);
  const { next } = pollerUnderTest({ a: ['a1'], b: ['b1'] }, { ...options, admit });
  t.is((await next())?.task, 'b1');
  t.deepEqual(state.grants, ['b']);
});

test('a queue waits for another one only a few times in a pass', async (t) => {
  const { state, release, options } = oneGrant(false);
  const admit: PollerOptions['admit'] = async (queue) => {
    // Something else is given back all the time.
    if (queue.id === 'a') release();
    return queue.id === 'a' ? undefined : options.admit(queue);
  };
  const { next, queues } = pollerUnderTest(
    { a: ['a1'], b: ['b1'] },
    { ...options, admit, releasesSince: () => () => true },
  );
  t.is((await next())?.task, 'b1');
  t.deepEqual(queues.calls, ['look', 'pop b']);
  t.is(state.grants.length, 3);
});

/** A grant for one task of the queue, which tells whether it was released. */
function grantFor(only: string) {
  const state = { released: false, asked: [] as (readonly string[])[] };
  const admit: PollerOptions['admit'] = async ({ entries = [] }) => {
    state.asked.push(entries);
    if (state.released) return undefined;
    const release = async () => {
      state.released = true;
    };
    return { only, begin: async () => undefined, release };
  };
  return { state, admit };
}

test('a grant for a task behind the first takes that task, and the first one stays', async (t) => {
  const { state, admit } = grantFor('a3');
  const { queues, next } = pollerUnderTest({ a: ['a1', 'a2', 'a3'] }, { admit });
  t.is((await next())?.task, 'a3');
  t.deepEqual(state.asked, [['a1', 'a2', 'a3']]);
  t.deepEqual(queues.calls, ['look', 'move a3', 'pop a3']);
  t.deepEqual([queues.take('a'), queues.take('a')], ['a1', 'a2']);
});

test('a grant for a task that another agent takes meanwhile is given back, and no other task gets it', async (t) => {
  const { state, admit } = grantFor('a2');
  const { queues, poller } = pollerUnderTest({ a: ['a1', 'a2'] }, { admit });
  queues.beforeMove = () => {
    queues.take('a');
    queues.take('a');
    queues.add('a', 'a4');
  };
  const over = new AbortController();
  const pulled = poller.next(over.signal);
  await until(async () => state.asked.length > 1, { what: 'the next look' });
  over.abort();
  t.is(await pulled, undefined);
  t.true(state.released);
  t.is(queues.calls.filter((call) => call.startsWith('pop')).length, 0);
  t.is(queues.take('a'), 'a4');
});

test('a task that was pulled is activity, one that goes on waiting is not', async (t) => {
  const activity = new CountedActivity();
  const { queues, next, poller } = pollerUnderTest(
    { a: ['a1'], b: ['b1'] },
    { activity, admit: async ({ id }) => (id === 'a' ? NOTHING_HELD : undefined) },
  );
  t.is((await next())?.task, 'a1');
  const { count } = activity;
  const over = new AbortController();
  const looking = poller.next(over.signal);
  await until(() => queues.calls.filter((call) => call === 'look').length > 5, { what: 'more looks' });
  t.is(activity.count, count);
  queues.add('b', 'b2');
  await until(() => activity.count > count, { what: 'the new entry to be seen' });
  over.abort();
  await looking;
});
