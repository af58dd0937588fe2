import test from 'ava';
import type { StatusReading, TaskStanding } from '../../../src/api/tasks.js';
import { stopReason, watchForAbort } from '../../../src/task/abort/abort-watch.js';

const readings: [StatusReading, string | undefined][] = [
  [{ status: 'in_progress' }, undefined],
  [{ status: 'in_progress', status_message: null }, undefined],
  [{ status: 'in_progress', status_message: 'stopping' }, 'stopped'],
  [{ status: 'completed', status_message: 'stopping' }, undefined],
  [{ status: 'created' }, undefined],
  [{ status: 'queued' }, 'status_changed'],
  [{ status: 'stopped' }, 'status_changed'],
  [{ status: 'closed' }, 'status_changed'],
  [{ status: 'published' }, 'status_changed'],
  [{ status: 'failed' }, 'exception'],
];

for (const [reading, expected] of readings) {
  test(`${JSON.stringify(reading)} asks for ${expected ?? 'nothing'}`, (t) => {
    t.is(stopReason(reading), expected as ReturnType<typeof stopReason>);
  });
}

function watch(script: (TaskStanding | undefined | Error)[], signal = new AbortController().signal) {
  const seen: string[] = [];
  const left = [...script];
  const result = watchForAbort({
    signal,
    workerId: 'host:0',
    read: async () => {
      const next = left.length > 1 ? left.shift() : left[0];
      if (next instanceof Error) throw next;
      return next;
    },
    onResetSeen: (times, limit) => seen.push(`${times}/${limit}`),
  });
  return { result, seen };
}

test('five readings of "created" in a row are a reset, announced four times', async (t) => {
  const { result, seen } = watch([{ status: 'created' }]);
  t.is(await result, 'reset');
  t.deepEqual(seen, ['1/4', '2/4', '3/4', '4/4']);
});

test('another status in between starts the count again', async (t) => {
  const created: StatusReading = { status: 'created' };
  const { result, seen } = watch([
    created,
    created,
    { status: 'in_progress' },
    created,
    { status: 'failed' },
  ]);
  t.is(await result, 'exception');
  t.deepEqual(seen, ['1/4', '2/4', '1/4']);
});

test('a server that does not answer says nothing about the task', async (t) => {
  const { result } = watch([
    new Error('away'),
    new Error('away'),
    { status: 'in_progress', status_message: 'stopping' },
  ]);
  t.is(await result, 'stopped');
});

test('a task that the server does not know is to end', async (t) => {
  t.is(await watch(['missing']).result, 'not_found');
});

test('an answer without the task lets it continue', async (t) => {
  t.is(await watch([undefined, { status: 'in_progress' }, undefined, 'missing']).result, 'not_found');
  t.is(await watch([undefined, undefined, { status: 'failed' }]).result, 'exception');
});

const ours: StatusReading = { status: 'in_progress', started: 'T1', last_worker: 'host:0' };

const others: [string, StatusReading, string | undefined][] = [
  ['queued again after a reset', { status: 'queued', last_worker: 'host:0' }, 'reset'],
  ['queued again without a reset', { ...ours, status: 'queued' }, 'status_changed'],
  ['run by another agent', { ...ours, started: 'T2', last_worker: 'host:1' }, 'reset'],
  ['started again by its own script', { ...ours, started: 'T2' }, undefined],
  ['reported by another node', { ...ours, last_worker: 'node:7' }, undefined],
  ['without a worker', { status: 'in_progress', started: 'T2' }, undefined],
];

for (const [what, reading, expected] of others) {
  test(`a running task that is ${what} between two looks: ${expected ?? 'continues'}`, async (t) => {
    const { result } = watch([ours, reading, { ...ours, status: 'failed' }]);
    t.is(await result, (expected ?? 'exception') as Awaited<typeof result>);
  });
}

test('the signal ends the watch', async (t) => {
  const controller = new AbortController();
  const { result } = watch([{ status: 'in_progress' }], controller.signal);
  controller.abort();
  t.is(await result, undefined);
});
