import { EventEmitter } from 'node:events';
import test from 'ava';
import { signalsOfRun } from '../../../src/daemon/runs/run-signals.js';
import { watchShutdown } from '../../../src/daemon/shutdown.js';

function setUp(leavesRunning: boolean) {
  const source = new EventEmitter();
  const left: number[] = [];
  const shutdown = watchShutdown({
    source,
    say: () => undefined,
    leave: (status) => left.push(status),
    running: () => 1,
    leavesRunning,
  });
  const own = signalsOfRun(shutdown);
  const ends = () => ({ stop: own.signals.stop.aborted, handOver: own.signals.handOver.aborted });
  return { source, shutdown, own, ends, left };
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} leaves a service that runs`, (t) => {
    const { source, own, ends, shutdown } = setUp(true);
    own.launched();
    source.emit(signal);
    t.deepEqual(ends(), { stop: false, handOver: true });
    t.true(shutdown.drain.aborted);
  });

  test(`${signal} stops a service that is being set up`, (t) => {
    const { source, ends } = setUp(true);
    source.emit(signal);
    t.deepEqual(ends(), { stop: true, handOver: false });
  });
}

for (const endsServices of [false, true]) {
  test(`a stop that is${endsServices ? '' : ' not'} meant for services ${endsServices ? 'stops' : 'leaves'} those that run`, (t) => {
    const { shutdown, own, ends } = setUp(true);
    own.launched();
    shutdown.request({ to: 'stop', cause: 'a test', requeue: true, endsServices });
    t.deepEqual(ends(), { stop: endsServices, handOver: !endsServices });
    t.deepEqual(own.signals.order, { cause: 'a test', requeue: true });
  });
}

test('a second signal kills what is being set up', (t) => {
  const { source, left, own } = setUp(true);
  source.emit('SIGINT');
  source.emit('SIGINT');
  t.true(own.signals.kill.aborted);
  t.deepEqual(left, []);
});

test('SIGUSR2 leaves a service that is being set up, which goes back to its queue', (t) => {
  const { source, ends } = setUp(true);
  source.emit('SIGUSR2');
  t.deepEqual(ends(), { stop: false, handOver: true });
});

test('a finished run gets no signal', (t) => {
  const { source, own, ends } = setUp(true);
  own.close();
  source.emit('SIGTERM');
  t.deepEqual(ends(), { stop: false, handOver: false });
});

test('a run that starts while the daemon ends is stopped', (t) => {
  const { source, shutdown } = setUp(true);
  source.emit('SIGTERM');
  t.true(signalsOfRun(shutdown).signals.stop.aborted);
});

test('a run that needs its daemon is stopped', (t) => {
  const { source, own, ends } = setUp(false);
  own.launched();
  source.emit('SIGTERM');
  t.deepEqual(ends(), { stop: true, handOver: false });
});
