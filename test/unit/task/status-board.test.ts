import { EventEmitter, once, setMaxListeners } from 'node:events';
import test from 'ava';
import type { StatusReading } from '../../../src/api/tasks.js';
import { StatusBoard } from '../../../src/task/status-board.js';

const RUNNING: StatusReading = { status: 'in_progress' };
const never = new AbortController().signal;
setMaxListeners(0, never);

/** A board over a server that knows these tasks and notes what it is asked. */
function setUp(known: readonly string[], intervalMs = 60) {
  const asked: string[][] = [];
  const faults: Error[] = [];
  const board = new StatusBoard({
    intervalMs,
    random: () => 0,
    read: async (tasks) => {
      asked.push([...tasks]);
      const fault = faults.shift();
      if (fault) throw fault;
      return new Map(tasks.filter((task) => known.includes(task)).map((task) => [task, RUNNING]));
    },
  });
  return { board, asked, faults };
}

test('the first question is asked at once, those of one round in one call', async (t) => {
  const { board, asked } = setUp(['a', 'b'], 60_000);
  const readings = await Promise.all(['a', 'b', 'gone', 'a'].map((task) => board.next(task, never)));
  t.deepEqual(readings, [RUNNING, RUNNING, undefined, RUNNING]);
  t.deepEqual(asked, [['a', 'b', 'gone']]);
});

test('a hundred tasks watched for ten rounds make ten calls', async (t) => {
  const tasks = Array.from({ length: 100 }, (_, at) => `task ${at}`);
  const { board, asked } = setUp(tasks, 5);
  await Promise.all(
    tasks.map(async (task) => {
      for (let round = 0; round < 10; round += 1) await board.next(task, never);
    }),
  );
  t.is(asked.length, 10);
  t.true(asked.every((round) => round.length === 100));
});

test('calls are an interval apart', async (t) => {
  const { board } = setUp(['a'], 60);
  await board.next('a', never);
  const start = performance.now();
  await board.next('a', never);
  t.true(performance.now() - start > 50);
});

test('a call that fails fails for all of its round, and the next round is asked', async (t) => {
  const { board, faults } = setUp(['a', 'b'], 5);
  faults.push(new Error('away'));
  const first = await Promise.allSettled([board.next('a', never), board.next('b', never)]);
  t.deepEqual(
    first.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  t.deepEqual(await board.next('a', never), RUNNING);
});

test('who leaves is not asked for', async (t) => {
  const { board, asked } = setUp(['a', 'b'], 20);
  await board.next('a', never);
  const leaving = new AbortController();
  const left = board.next('a', leaving.signal);
  leaving.abort(new Error('left'));
  await t.throwsAsync(left, { message: 'left' });
  await board.next('b', never);
  t.deepEqual(asked, [['a'], ['b']]);
});

test('a round that everybody left does not give up the call of the next', async (t) => {
  const signals: AbortSignal[] = [];
  const board = new StatusBoard({
    intervalMs: 20,
    read: async (_tasks, signal) => {
      signals.push(signal);
      return new Map();
    },
  });
  await board.next('a', never);
  const leaving = new AbortController();
  const left = board.next('a', leaving.signal);
  leaving.abort(new Error('left'));
  await t.throwsAsync(left, { message: 'left' });
  await board.next('b', never);
  t.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false, false],
  );
});

test('a call is cancelled once no caller waits for its answer', async (t) => {
  const given = new AbortController();
  const leaving = new AbortController();
  const server = new EventEmitter();
  const asked = once(server, 'asked');
  const board = new StatusBoard({
    intervalMs: 5,
    read: (_tasks, signal) =>
      new Promise((_, reject) => {
        server.emit('asked');
        signal.addEventListener('abort', () => {
          given.abort();
          reject(signal.reason);
        });
      }),
  });
  const left = board.next('a', leaving.signal);
  await asked;
  leaving.abort(new Error('left'));
  await t.throwsAsync(left, { message: 'left' });
  t.true(given.signal.aborted);
});
