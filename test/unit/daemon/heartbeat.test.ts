import test from 'ava';
import type { WorkersApi } from '../../../src/api/workers.js';
import { Heartbeat } from '../../../src/daemon/heartbeat.js';
import type { MachineMonitor } from '../../../src/monitor/machine-monitor.js';

/** A heartbeat whose reports reach the server when the test says so. */
function slowHeartbeat() {
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
