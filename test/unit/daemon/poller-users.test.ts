import test from 'ava';
import type { PollerOptions } from '../../../src/daemon/queues/poller.js';
import { UserTurns } from '../../../src/daemon/queues/user-turns.js';
import { NOTHING_HELD, pollerUnderTest } from '../../support/memory-queues.js';

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
  const { queues, next } = pollerUnderTest(
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
  const { next } = pollerUnderTest({ a: ['x1', 'x2', 'x3', 'y1', 'z1'] }, { users });
  const taken = [];
  for (let count = 0; count < 5; count += 1) taken.push((await next())?.task);
  t.deepEqual(taken, ['x1', 'y1', 'z1', 'x2', 'x3']);
});

test('users are asked once for each task, and not where there is no choice', async (t) => {
  const running = ['x0'];
  const { users, asked } = turnsOf(running);
  const { queues, next } = pollerUnderTest({ a: ['x1'], b: [] }, { users });
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
  const { queues, next, vanished } = pollerUnderTest({ a: ['x1', 'y1', 'y2'] }, { users });
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
  const { queues, next } = pollerUnderTest({ a: ['x1', 'y1', 'y2', 'z1'] }, { users, admit });
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
  const { queues, next } = pollerUnderTest({ a: ['x1', 'y1', 'z1'] }, { users });
  queues.beforeAnswer = () => {
    queues.beforeAnswer = undefined;
    queues.addInFront('a', 'w1');
  };
  t.is((await next())?.task, 'z1');
  t.deepEqual(queues.calls, ['look', 'move y1', 'pop y1', 'move z1', 'pop z1']);
});

test('a task whose move has no answer is looked for: the server may have taken it out', async (t) => {
  const { users } = turnsOf(['x0']);
  const { queues, next, putBack } = pollerUnderTest({ a: ['x1', 'y1'] }, { users });
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
  const { next } = pollerUnderTest({ a: ['x1', 'z1', 'y1'] }, { users });
  const taken = [(await next())?.task, (await next())?.task, (await next())?.task];
  t.deepEqual(taken, ['x1', 'y1', 'z1']);
});
