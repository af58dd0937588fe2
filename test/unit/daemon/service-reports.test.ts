import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { StatusReport } from '../../../src/api/workers.js';
import { ServiceReports, type ServiceWorker } from '../../../src/daemon/runs/service-reports.js';

function setUp({ intervalMs = 20, tags = [] as string[] } = {}) {
  const sent: StatusReport[] = [];
  const gone: string[] = [];
  const warnings: string[] = [];
  const state = { away: false };
  const refuse = () => {
    if (state.away) throw new Error('away');
  };
  const workers: ServiceWorker['workers'] = {
    statusReport: async (report) => {
      refuse();
      sent.push(report);
    },
    unregister: async ({ worker }) => {
      refuse();
      gone.push(worker);
    },
  };
  const stats = { memory_free: 5 };
  const reports = new ServiceReports({
    tags,
    intervalMs,
    warn: (text) => warnings.push(text),
  });
  const service = (task: string): ServiceWorker => ({
    workerId: `p:service:${task}`,
    task,
    workers,
    stats: () => stats,
  });
  return { reports, service, sent, gone, warnings, state, stats };
}

test('a service is reported at once, and again with its measurements', async (t) => {
  const { reports, service, sent, stats } = setUp({ tags: ['a'] });
  const over = new AbortController();
  const running = reports.run(over.signal);
  await reports.started(service('one'));
  t.like(sent[0], {
    worker: 'p:service:one',
    task: 'one',
    tags: ['a'],
    is_daemon: false,
    machine_stats: null,
  });
  while (sent.length < 3) await sleep(5);
  over.abort();
  await running;
  t.like(sent[2], { worker: 'p:service:one', machine_stats: stats });
});

test('every service has its turn', async (t) => {
  const { reports, service, sent } = setUp();
  const over = new AbortController();
  const running = reports.run(over.signal);
  for (const task of ['one', 'two', 'three']) await reports.started(service(task));
  while (sent.length < 9) await sleep(5);
  over.abort();
  await running;
  const turns = sent.slice(3, 9).map(({ task }) => task);
  t.deepEqual(turns, ['one', 'two', 'three', 'one', 'two', 'three']);
});

test('one that ended is unregistered, one that was handed over is not', async (t) => {
  const { reports, service, gone } = setUp();
  const [one, two] = [service('one'), service('two')];
  await reports.started(one);
  await reports.started(two);
  await reports.ended(one, false);
  await reports.ended(two, true);
  t.deepEqual(gone, ['p:service:one']);
});

test('an unreachable server is reported once', async (t) => {
  const { reports, service, warnings, state } = setUp();
  state.away = true;
  for (const task of ['one', 'two', 'three']) await reports.started(service(task));
  t.deepEqual(warnings, ['cannot report the state of p:service:one: away']);
});
