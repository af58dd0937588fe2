import { EventEmitter } from 'node:events';
import test from 'ava';
import { watchShutdown } from '../../../src/daemon/shutdown.js';

function setUp(busy: boolean) {
  const source = new EventEmitter();
  const left: number[] = [];
  const signals = watchShutdown({
    source,
    say: () => undefined,
    leave: (status) => left.push(status),
    busy: () => busy,
  });
  const stages = () => [signals.drain.aborted, signals.stop.aborted, signals.handOver.aborted];
  return { source, left, signals, stages };
}

test('Ctrl-C drains, then stops, then leaves', (t) => {
  const { source, left, stages } = setUp(true);
  source.emit('SIGINT');
  t.deepEqual(stages(), [true, false, false]);
  source.emit('SIGINT');
  t.deepEqual(stages(), [true, true, false]);
  t.deepEqual(left, []);
  source.emit('SIGINT');
  t.deepEqual(left, [130]);
});

test('Ctrl-C ends an idle daemon', (t) => {
  const { source, stages } = setUp(false);
  source.emit('SIGINT');
  t.deepEqual(stages(), [true, true, false]);
});

test('SIGTERM stops at once, and leaves the second time', (t) => {
  const { source, left, stages } = setUp(true);
  source.emit('SIGTERM');
  t.deepEqual(stages(), [true, true, false]);
  source.emit('SIGTERM');
  t.deepEqual(left, [143]);
});

test('SIGUSR2 leaves what runs to the next daemon', (t) => {
  const { source, stages } = setUp(true);
  source.emit('SIGUSR2');
  t.deepEqual(stages(), [true, false, true]);
});

test('a closed watch hears nothing', (t) => {
  const { source, signals, stages } = setUp(true);
  signals.close();
  source.emit('SIGTERM');
  t.deepEqual(stages(), [false, false, false]);
  t.is(source.listenerCount('SIGTERM'), 0);
});
