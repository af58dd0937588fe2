import test from 'ava';
import type { NextTask, QueueRecord } from '../../../src/api/queues.js';
import type { TaskStanding } from '../../../src/api/tasks.js';
import { Poller, type PollerOptions } from '../../../src/daemon/queues/poller.js';

/** Queues in memory that count the calls made to them. */
class MemoryQueues {
  readonly calls: string[] = [];
  /** Thrown by the next pop, after the task was taken off. */
  breakNextPop = false;
  readonly #queues: QueueRecord[];

  constructor(content: Record<string, string[]>) {
    this.#queues = Object.entries(content).map(([id, tasks]) => ({
      id,
      tags: [],
      entries: tasks.map((task) => ({ task })),
    }));
  }

  add(queue: string, task: string): void {
    this.#queues.find(({ id }) => id === queue)?.entries?.push({ task });
  }

  async getAll(): Promise<QueueRecord[]> {
    this.calls.push('look');
    return structuredClone(this.#queues);
  }

  async getNextTask({ queue }: { queue: string }): Promise<NextTask> {
    this.calls.push(`pop ${queue}`);
    const entry = this.#queues.find(({ id }) => id === queue)?.entries?.shift();
    if (this.breakNextPop) {
      this.breakNextPop = false;
      throw new Error('connection reset');
    }
    return entry ? { entry } : {};
  }
}

function setUp(content: Record<string, string[]>, over: Partial<PollerOptions> = {}) {
  const queues = new MemoryQueues(content);
  const poller = new Poller({
    queues,
    look: () => queues.getAll(),
    order: 'priority',
    intervalMs: 1,
    allowed: () => true,
    taskStatus: async () => ({ status: 'queued' }),
    warn: () => undefined,
    ...over,
  });
  return { queues, next: () => poller.next(AbortSignal.timeout(2000)) };
}

test('priority order empties the first queue before the second', async (t) => {
  const { next } = setUp({ a: ['a1', 'a2'], b: ['b1'] });
  t.deepEqual([(await next())?.task, (await next())?.task, (await next())?.task], ['a1', 'a2', 'b1']);
});

test('fair order takes from each queue in turn', async (t) => {
  const { next } = setUp({ a: ['a1', 'a2', 'a3'], b: ['b1'] }, { order: 'fair' });
  const taken = [];
  for (let count = 0; count < 4; count += 1) taken.push((await next())?.task);
  t.deepEqual(taken, ['a1', 'b1', 'a2', 'a3']);
});

test('an empty pass costs one call however many queues there are', async (t) => {
  const { queues, next } = setUp({ a: [], b: [], c: ['c1'] });
  t.is((await next())?.task, 'c1');
  t.deepEqual(queues.calls, ['look', 'pop c']);
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

test('a task whose answer was lost on its way is found again', async (t) => {
  const { queues, next } = setUp({ a: ['a1', 'a2'] });
  queues.breakNextPop = true;
  t.is((await next())?.task, 'a1');
  t.is((await next())?.task, 'a2');
});

test('a lost answer is forgotten when another agent has started the task', async (t) => {
  const { queues, next } = setUp(
    { a: ['a1', 'a2'] },
    { taskStatus: async () => ({ status: 'in_progress' }) },
  );
  queues.breakNextPop = true;
  t.is((await next())?.task, 'a2');
});

test('a lost answer is remembered while the server does not say what became of the task', async (t) => {
  const standings: (TaskStanding | undefined)[] = [undefined, undefined, { status: 'queued' }];
  const { queues, next } = setUp({ a: ['a1'] }, { taskStatus: async () => standings.shift() });
  queues.breakNextPop = true;
  t.is((await next())?.task, 'a1');
});

test('the wait ends with the signal', async (t) => {
  const { queues } = setUp({});
  const poller = new Poller({
    queues,
    look: () => queues.getAll(),
    order: 'priority',
    intervalMs: 60_000,
    allowed: () => true,
    taskStatus: async () => undefined,
    warn: () => undefined,
  });
  t.is(await poller.next(AbortSignal.timeout(50)), undefined);
});

test('a task that is queued just after another has ended is not kept waiting for the interval', async (t) => {
  const { queues, next } = setUp({ a: ['a1'] }, { intervalMs: 60_000 });
  t.is((await next())?.task, 'a1');
  const following = next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  queues.add('a', 'a2');
  t.is((await following)?.task, 'a2');
});
