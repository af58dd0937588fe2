import test from 'ava';
import type { WorkersApi } from '../../../src/api/workers.js';
import { Heartbeat, type HeartbeatOptions } from '../../../src/daemon/heartbeat.js';
import type { MachineMonitor } from '../../../src/monitor/machine-monitor.js';
import { until } from '../../support/until.js';

/** A heartbeat whose reports reach the server when the test says so. */
function slowHeartbeat(over: Partial<HeartbeatOptions> = {}) {
  const answers: (() => void)[] = [];
  const statusReport = () => new Promise<void>((resolve) => answers.push(resolve));
  const monitor = { run: async () => undefined, stats: async () => null, delivered: () => undefined };
  const heartbeat = new Heartbeat({
    workers: { statusReport } as unknown as WorkersApi,
    workerId: 'host:0',
    queues: () => [],
    tags: () => [],
    isDaemon: true,
    intervalMs: 60_000,
    monitor: monitor as unknown as MachineMonitor,
    warn: () => undefined,
    ...over,
  });
  return { heartbeat, answers };
}

test('a report that is under way ends before the heartbeat does, or it would register the worker again', async (t) => {
  const { heartbeat, answers } = slowHeartbeat();
  const over = new AbortController();
  const order: string[] = [];
  const running = heartbeat.run(over.signal).then(() => order.push('heartbeat ended'));
  heartbeat.stateChanged();
  over.abort();
  await new Promise(setImmediate);
  order.push('report answered');
  answers[0]?.();
  await running;
  t.deepEqual(order, ['report answered', 'heartbeat ended']);
});

test('after the end of the heartbeat a change of state is not reported', async (t) => {
  const { heartbeat, answers } = slowHeartbeat();
  await heartbeat.run(AbortSignal.abort());
  heartbeat.stateChanged();
  t.is(answers.length, 0);
});

test('an idle worker reports at its own interval, a busy one at the usual one', async (t) => {
  const reports = { idle: 0, busy: 0 };
  const over = new AbortController();
  const beats = (['idle', 'busy'] as const).map((kind) => {
    const statusReport = async () => {
      reports[kind] += 1;
    };
    const { heartbeat } = slowHeartbeat({
      workers: { statusReport } as unknown as WorkersApi,
      intervalMs: 10,
      idle: { holds: () => kind === 'idle', intervalMs: 60_000 },
    });
    return heartbeat.run(over.signal);
  });
  await until(() => reports.busy >= 5 && reports.idle >= 1, { what: 'the reports' });
  over.abort();
  await Promise.all(beats);
  t.is(reports.idle, 1);
});
