import { EventEmitter } from 'node:events';
import test from 'ava';
import { watchShutdown } from '../../../src/daemon/shutdown.js';

function setUp(busy: boolean, single = false) {
  const source = new EventEmitter();
  const left: number[] = [];
  const signals = watchShutdown({
    source,
    say: () => undefined,
    leave: (status) => left.push(status),
    running: () => (busy ? 1 : 0),
    single,
  });
  const stages = () =>
    [signals.drain, signals.stop, signals.kill, signals.handOver].map(({ aborted }) => aborted);
  return { source, left, signals, stages };
}

test('Ctrl-C drains, then stops, then kills, and never leaves a task behind', (t) => {
  const { source, left, stages } = setUp(true);
  source.emit('SIGINT');
  t.deepEqual(stages(), [true, false, false, false]);
  source.emit('SIGINT');
  t.deepEqual(stages(), [true, true, false, false]);
  source.emit('SIGINT');
  t.deepEqual(stages(), [true, true, true, false]);
  source.emit('SIGINT');
  t.deepEqual(left, []);
});

test('Ctrl-C ends an idle daemon', (t) => {
  const { source, stages } = setUp(false);
  source.emit('SIGINT');
  t.deepEqual(stages(), [true, true, false, false]);
});

const STOPPING: readonly (readonly [NodeJS.Signals, NodeJS.Signals, number])[] = [
  ['SIGTERM', 'SIGTERM', 143],
  ['SIGHUP', 'SIGHUP', 129],
  ['SIGTERM', 'SIGINT', 130],
  ['SIGHUP', 'SIGQUIT', 131],
];

for (const [first, second, status] of STOPPING) {
  test(`${first} stops, and ${second} after it kills a task, and leaves where there is none`, (t) => {
    for (const busy of [true, false]) {
      const { source, left, stages } = setUp(busy);
      source.emit(first);
      t.deepEqual(stages(), [true, true, false, false]);
      source.emit(second);
      t.deepEqual(stages(), [true, true, busy, false]);
      t.deepEqual(left, busy ? [] : [status]);
    }
  });
}

const PAUSED: readonly (readonly [signal: NodeJS.Signals, busy: boolean, stages: boolean[]])[] = [
  ['SIGTERM', true, [true, true, false, false]],
  ['SIGTERM', false, [true, true, false, false]],
  ['SIGINT', true, [true, false, false, false]],
  ['SIGINT', false, [true, true, false, false]],
  ['SIGUSR2', true, [true, false, false, true]],
];

for (const [signal, busy, expected] of PAUSED) {
  test(`${signal} ends a paused daemon ${busy ? 'with a task' : 'without one'} as it ends a running one`, (t) => {
    const { source, left, stages, signals } = setUp(busy);
    signals.request({ to: 'pause', cause: 'a test' });
    source.emit(signal);
    t.deepEqual(stages(), expected);
    t.deepEqual(left, []);
  });
}

test('a single run is stopped by the first Ctrl-C, and by SIGUSR2, on behalf of its own user', (t) => {
  for (const signal of ['SIGINT', 'SIGUSR2']) {
    const { source, stages, signals } = setUp(true, true);
    source.emit(signal);
    t.deepEqual(stages(), [true, true, false, false]);
    t.is(signals.order, undefined);
  }
});

test('SIGUSR2 leaves what runs to the next daemon, and a signal after it ends the wait', (t) => {
  const { source, stages, left } = setUp(true);
  source.emit('SIGUSR2');
  t.deepEqual(stages(), [true, false, false, true]);
  source.emit('SIGTERM');
  t.deepEqual(stages(), [true, false, false, true]);
  t.deepEqual(left, [143]);
});

test('a closed watch gets no signal', (t) => {
  const { source, signals, stages } = setUp(true);
  signals.close();
  source.emit('SIGTERM');
  t.deepEqual(stages(), [false, false, false, false]);
  t.is(source.listenerCount('SIGTERM'), 0);
});
