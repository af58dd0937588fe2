import test from 'ava';
import { ApiError } from '../../../src/api/errors.js';
import type { NextTask, QueueRecord } from '../../../src/api/queues.js';
import type { TaskStanding } from '../../../src/api/tasks.js';
import { LastActivity } from '../../../src/daemon/queues/last-activity.js';
import { Poller, type PollerOptions } from '../../../src/daemon/queues/poller.js';
import { priorityOrder, turnOrder } from '../../../src/daemon/queues/queue-order.js';
import { UserTurns } from '../../../src/daemon/queues/user-turns.js';
import { VanishedTasks, type VanishedTasksOptions } from '../../../src/daemon/queues/vanished-tasks.js';
import { until } from '../../support/until.js';

/** Queues in memory that count the calls made to them. */
class MemoryQueues {
  readonly calls: string[] = [];
  /** Thrown by the next pop, after the task was taken off. */
  breakNextPop = false;
  /** What others do between the look and the pop. */
  beforeAnswer: (() => void) | undefined;
  /** What others do just before a task is moved. */
  beforeMove: (() => void) | undefined;
  /** Whether a look names the entries. */
  tellLength = true;
  readonly #queues: QueueRecord[];

  constructor(content: Record<string, string[]>) {
    this.#queues = Object.entries(content).map(([id, tasks]) => ({
      id,
      tags: [],
      entries: tasks.map((task) => ({ task })),
    }));
  }

  /** As another agent does. */
  take(queue: string): string | undefined {
    return this.#queues.find(({ id }) => id === queue)?.entries?.shift()?.task;
  }

  add(queue: string, task: string): void {
    this.#queues.find(({ id }) => id === queue)?.entries?.push({ task });
  }

  addInFront(queue: string, task: string): void {
    this.#queues.find(({ id }) => id === queue)?.entries?.unshift({ task });
  }

  async moveTaskToFront({ queue, task }: { queue: string; task: string }): Promise<void> {
    this.calls.push(`move ${task}`);
    const entries = this.#queues.find(({ id }) => id === queue)?.entries ?? [];
    this.beforeMove?.();
    const at = entries.findIndex((entry) => entry.task === task);
    if (at < 0) throw refusal(703);
    entries.unshift(...entries.splice(at, 1));
  }

  async getAll(): Promise<QueueRecord[]> {
    this.calls.push('look');
    if (!this.tellLength) return this.#queues.map(({ id }) => ({ id }));
    return structuredClone(this.#queues);
  }

  async getNextTask({ queue, task }: { queue: string; task?: string }): Promise<NextTask> {
    this.calls.push(`pop ${task ?? queue}`);
    this.beforeAnswer?.();
    const entries = this.#queues.find(({ id }) => id === queue)?.entries;
    if (task !== undefined && entries?.[0]?.task !== task) return {};
    const entry = entries?.shift();
    if (this.breakNextPop) {
      this.breakNextPop = false;
      throw new Error('connection reset');
    }
    return entry ? { entry } : {};
  }
}

function refusal(subcode: number): ApiError {
  return new ApiError({ endpoint: 'queues.move_task_to_front', status: 400, subcode, message: 'refused' });
}

const NOTHING_HELD = { begin: async () => undefined, release: async () => undefined };

class CountedActivity extends LastActivity {
  count = 0;

  override note(): void {
    this.count += 1;
    super.note();
  }
}

interface SetUp extends Partial<PollerOptions> {
  taskStatus?: VanishedTasksOptions['taskStatus'];
  isHeld?: VanishedTasksOptions['isHeld'];
  afterMs?: number;
}

function setUp(content: Record<string, string[]>, { taskStatus, isHeld, afterMs = 0, ...over }: SetUp = {}) {
  const queues = new MemoryQueues(content);
  const putBack: string[] = [];
  const vanished = new VanishedTasks({
    taskStatus: taskStatus ?? (async () => ({ status: 'queued' })),
    isHeld: isHeld ?? (async () => false),
    putBack: async ({ task, queue }) => {
      putBack.push(task);
      queues.addInFront(queue, task);
    },
    warn: () => undefined,
    afterMs,
  });
  const poller = new Poller({
    queues,
    look: () => queues.getAll(),
    order: priorityOrder(),
    pace: { kind: 'fixed', ms: 1 },
    activity: new LastActivity(),
    allowed: () => true,
    vanished,
    warn: () => undefined,
    ...over,
  });
  return { queues, putBack, vanished, poller, next: () => poller.next(AbortSignal.timeout(2000)) };
}

test('priority order empties the first queue before the second', async (t) => {
  const { next } = setUp({ a: ['a1', 'a2'], b: ['b1'] });
  t.deepEqual([(await next())?.task, (await next())?.task, (await next())?.task], ['a1', 'a2', 'b1']);
});

test('fair order takes from each queue in turn', async (t) => {
  const { next } = setUp({ a: ['a1', 'a2', 'a3'], b: ['b1'] }, { order: turnOrder() });
  const taken = [];
  for (let count = 0; count < 4; count += 1) taken.push((await next())?.task);
  t.deepEqual(taken, ['a1', 'b1', 'a2', 'a3']);
});

test('an empty pass costs one call however many queues there are', async (t) => {
  const { queues, next } = setUp({ a: [], b: [], c: ['c1'] });
  t.is((await next())?.task, 'c1');
  t.deepEqual(queues.calls, ['look', 'pop c']);
});

test('empty queues are not asked, queues of unknown length are', async (t) => {
  const { queues, next } = setUp({ a: ['a1'], b: [] });
  queues.tellLength = false;
  queues.take('a');
  queues.add('b', 'b1');
  t.is((await next())?.task, 'b1');
  t.deepEqual(queues.calls, ['look', 'pop a', 'pop b']);
});

test('a task is announced before it is taken off its queue', async (t) => {
  const order: string[] = [];
  const { queues, next } = setUp(
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
  const { next } = setUp({ a: ['a1'], b: ['b1'] }, { allowed: ({ id }) => id === 'b' });
  t.is((await next())?.task, 'b1');
});

test('a task whose answer was lost on its way goes back to the front', async (t) => {
  const { queues, putBack, next } = setUp({ a: ['a1', 'a2'] });
  queues.breakNextPop = true;
  t.deepEqual([(await next())?.task, (await next())?.task].sort(), ['a1', 'a2']);
  t.deepEqual(putBack, ['a1']);
});

test('the second task is found when another agent took the first before the answer was lost', async (t) => {
  const { queues, putBack, vanished, next } = setUp(
    { a: ['X', 'Y', 'Z'] },
    { taskStatus: async (task) => ({ status: task === 'X' ? 'in_progress' : 'queued' }) },
  );
  queues.breakNextPop = true;
  queues.beforeAnswer = () => {
    queues.beforeAnswer = undefined;
    t.is(queues.take('a'), 'X');
  };
  t.deepEqual([(await next())?.task, (await next())?.task].sort(), ['Y', 'Z']);
  t.deepEqual(putBack, ['Y']);
  t.deepEqual(vanished.doubtful, []);
});

test('a lost answer is forgotten when another agent has started the task', async (t) => {
  const { queues, putBack, next } = setUp(
    { a: ['a1', 'a2'] },
    { taskStatus: async () => ({ status: 'in_progress' }) },
  );
  queues.breakNextPop = true;
  t.is((await next())?.task, 'a2');
  t.deepEqual(putBack, []);
});

test('the last look of a daemon that ends forgets what another agent has, and keeps what is not clear', async (t) => {
  const { vanished, poller } = setUp(
    { a: [] },
    { taskStatus: async (task) => (task === 'a1' ? { status: 'in_progress' } : undefined) },
  );
  for (const task of ['a1', 'a2']) vanished.note({ task, queue: 'a' });
  await poller.settleDoubts(AbortSignal.timeout(2000));
  t.deepEqual(vanished.doubtful, [{ task: 'a2', queue: 'a' }]);
});

test('the last look stays without a result where the server does not answer, and costs no call without a doubt', async (t) => {
  const { queues, vanished, poller } = setUp(
    { a: [] },
    { look: () => Promise.reject(new Error('the server is away')) },
  );
  await poller.settleDoubts(AbortSignal.timeout(2000));
  t.deepEqual(queues.calls, []);
  vanished.note({ task: 'a1', queue: 'a' });
  await poller.settleDoubts(AbortSignal.timeout(2000));
  t.deepEqual(vanished.doubtful, [{ task: 'a1', queue: 'a' }]);
});

test('a task that a worker reports as its own is not put back', async (t) => {
  const { queues, putBack, vanished, next } = setUp({ a: ['a1', 'a2'] }, { isHeld: async () => true });
  queues.breakNextPop = true;
  t.is((await next())?.task, 'a2');
  t.deepEqual([putBack, vanished.doubtful], [[], []]);
});

test('a task that has vanished is left for its time: a slow agent may have it', async (t) => {
  const { queues, putBack, vanished, next } = setUp({ a: ['a1', 'a2'] }, { afterMs: 60_000 });
  queues.breakNextPop = true;
  t.is((await next())?.task, 'a2');
  t.deepEqual([putBack, vanished.doubtful], [[], [{ task: 'a1', queue: 'a' }]]);
});

test('the tasks in doubt and the others of the queue are named before each pop', async (t) => {
  const named: string[][] = [];
  const { queues, next } = setUp(
    { a: ['a1', 'a2', 'a3'] },
    {
      afterMs: 60_000,
      beforePop: async ({ task, others }) => void named.push([task, ...others.map((one) => one.task)]),
    },
  );
  queues.breakNextPop = true;
  await next();
  t.deepEqual(named, [
    ['a1', 'a2', 'a3'],
    ['a2', 'a3', 'a1'],
  ]);
});

test('a lost answer is remembered while the server does not say what became of the task', async (t) => {
  const standings: (TaskStanding | undefined)[] = [undefined, undefined, { status: 'queued' }];
  const { queues, next } = setUp({ a: ['a1'] }, { taskStatus: async () => standings.shift() });
  queues.breakNextPop = true;
  t.is((await next())?.task, 'a1');
});

test('the wait ends with the signal', async (t) => {
  const { queues, vanished } = setUp({});
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
  const { queues, next } = setUp({ a: ['a1'] }, { pace: { kind: 'fixed', ms: 60_000 } });
  t.is((await next())?.task, 'a1');
  const following = next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  queues.add('a', 'a2');
  t.is((await following)?.task, 'a2');
});

// Cause of a leftover in chaos seed 9: of two runs that a killed daemon left at the same pop, only one got an answer.
test('each run that waits for the fate of a task gets the answer', async (t) => {
  const vanished = new VanishedTasks({
    taskStatus: async () => 'missing',
    isHeld: async () => false,
    putBack: async () => undefined,
    warn: () => undefined,
  });
  const told: string[] = [];
  vanished.note({ task: 'a', queue: 'q' });
  for (const run of ['first', 'second'])
    vanished.note({ task: 'a', queue: 'q' }, async () => void told.push(run));
  await vanished.look(() => false, new AbortController().signal);
  t.deepEqual(told, ['first', 'second']);
  t.deepEqual(vanished.doubtful, []);
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
  const { next } = setUp({ a: ['a1'], b: ['b1'] }, { ...options, admit });
  t.is((await next())?.task, 'a1');
  t.deepEqual(state.grants, ['b', 'a']);
});

test('a queue that is refused for itself holds no other back', async (t) => {
  const { state, options } = oneGrant(false);
  const admit: PollerOptions['admit'] = async (queue) =>
    queue.id === 'a' ? undefined : options.admit(queue);
  const { next } = setUp({ a: ['a1'], b: ['b1'] }, { ...options, admit });
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
  const { next, queues } = setUp(
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
  const { queues, next } = setUp({ a: ['a1', 'a2', 'a3'] }, { admit });
  t.is((await next())?.task, 'a3');
  t.deepEqual(state.asked, [['a1', 'a2', 'a3']]);
  t.deepEqual(queues.calls, ['look', 'move a3', 'pop a3']);
  t.deepEqual([queues.take('a'), queues.take('a')], ['a1', 'a2']);
});

test('a grant for a task that another agent takes meanwhile is given back, and no other task gets it', async (t) => {
  const { state, admit } = grantFor('a2');
  const { queues, poller } = setUp({ a: ['a1', 'a2'] }, { admit });
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

/** Users of tasks by the first letter of the task's id. */
function turnsOf(running: readonly string[] = []) {
  const asked: string[][] = [];
  const users = new UserTurns({
    usersOf: async (tasks) => {
      asked.push([...tasks]);
      return new Map(tasks.map((task) => [task, task.charAt(0)]));
    },
    running: () => running,
  });
  return { users, asked };
}

test('the task of a user with fewer running tasks is moved to the front and taken by its id', async (t) => {
  const { users } = turnsOf(['x0']);
  const announced: string[][] = [];
  const { queues, next } = setUp(
    { a: ['x1', 'x2', 'y1', 'y2'] },
    {
      users,
      beforePop: async ({ task, others }) => void announced.push([task, ...others.map((one) => one.task)]),
    },
  );
  t.is((await next())?.task, 'y1');
  t.deepEqual(queues.calls, ['look', 'move y1', 'pop y1']);
  t.deepEqual(announced, [['y1', 'x1', 'x2', 'y2']]);
});

test('users of one task at a time take turns', async (t) => {
  const { users } = turnsOf();
  const { next } = setUp({ a: ['x1', 'x2', 'x3', 'y1', 'z1'] }, { users });
  const taken = [];
  for (let count = 0; count < 5; count += 1) taken.push((await next())?.task);
  t.deepEqual(taken, ['x1', 'y1', 'z1', 'x2', 'x3']);
});

test('users are asked once for each task, and not where there is no choice', async (t) => {
  const running = ['x0'];
  const { users, asked } = turnsOf(running);
  const { queues, next } = setUp({ a: ['x1'], b: [] }, { users });
  t.is((await next())?.task, 'x1');
  t.deepEqual(queues.calls, ['look', 'pop a']);
  t.deepEqual(asked, []);
  for (const task of ['x2', 'y1', 'y2']) queues.add('a', task);
  t.is((await next())?.task, 'y1');
  queues.add('a', 'z1');
  t.is((await next())?.task, 'z1');
  t.deepEqual(asked, [['x2', 'y1', 'y2', 'x0'], ['z1']]);
});

test('a task that another agent takes first is left, and the next one is tried', async (t) => {
  const { users } = turnsOf(['x0']);
  const { queues, next, vanished } = setUp({ a: ['x1', 'y1', 'y2'] }, { users });
  queues.beforeMove = () => {
    queues.beforeMove = undefined;
    t.is(queues.take('a'), 'x1');
    t.is(queues.take('a'), 'y1');
  };
  t.is((await next())?.task, 'y2');
  t.deepEqual(queues.calls, ['look', 'move y1', 'move y2', 'pop y2']);
  t.deepEqual(vanished.doubtful, []);
});

test('what is held for one task is used for another one only where it fits', async (t) => {
  const { users } = turnsOf(['x0']);
  const asked: string[][] = [];
  const admit: PollerOptions['admit'] = async ({ entries = [] }) => {
    asked.push([...entries]);
    return { ...NOTHING_HELD, fits: async (task) => task !== 'y2' };
  };
  const { queues, next } = setUp({ a: ['x1', 'y1', 'y2', 'z1'] }, { users, admit });
  queues.beforeMove = () => {
    queues.beforeMove = undefined;
    t.is(queues.take('a'), 'x1');
    t.is(queues.take('a'), 'y1');
  };
  t.is((await next())?.task, 'z1');
  t.deepEqual(asked, [['y1', 'y2', 'z1', 'x1']]);
  t.deepEqual(queues.calls, ['look', 'move y1', 'move z1', 'pop z1']);
});

test('a task that another agent moves in front is left to it', async (t) => {
  const { users } = turnsOf(['x0']);
  const { queues, next } = setUp({ a: ['x1', 'y1', 'z1'] }, { users });
  queues.beforeAnswer = () => {
    queues.beforeAnswer = undefined;
    queues.addInFront('a', 'w1');
  };
  t.is((await next())?.task, 'z1');
  t.deepEqual(queues.calls, ['look', 'move y1', 'pop y1', 'move z1', 'pop z1']);
});

test('a task whose move has no answer is looked for: the server may have taken it out', async (t) => {
  const { users } = turnsOf(['x0']);
  const { queues, next, putBack } = setUp({ a: ['x1', 'y1'] }, { users });
  queues.beforeMove = () => {
    queues.beforeMove = undefined;
    // Between its two steps the entry is in no queue.
    t.is(queues.take('a'), 'x1');
    t.is(queues.take('a'), 'y1');
    queues.addInFront('a', 'x1');
    throw new Error('connection reset');
  };
  t.is((await next())?.task, 'y1');
  t.is((await next())?.task, 'x1');
  t.deepEqual(putBack, ['y1']);
});

test('tasks that the server does not know are those of one user', async (t) => {
  const users = new UserTurns({ usersOf: async () => new Map([['y1', 'y']]), running: () => [] });
  const { next } = setUp({ a: ['x1', 'z1', 'y1'] }, { users });
  const taken = [(await next())?.task, (await next())?.task, (await next())?.task];
  t.deepEqual(taken, ['x1', 'y1', 'z1']);
});

test('a task that was pulled is activity, one that goes on waiting is not', async (t) => {
  const activity = new CountedActivity();
  const { queues, next, poller } = setUp(
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
