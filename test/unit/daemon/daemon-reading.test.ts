import test from 'ava';
import { DaemonReadings } from '../../../src/daemon/daemon-reading.js';
import { RunBoard } from '../../../src/daemon/runs/run-board.js';
import type { Gpu } from '../../../src/gpu/gpu.js';

const GPU: Gpu = {
  vendor: 'nvidia',
  index: 3,
  uuid: 'GPU-1',
  name: 'A100',
  temperature: 61,
  fanSpeed: undefined,
  utilization: 97,
  powerDraw: undefined,
  powerLimit: undefined,
  memoryUsed: 10,
  memoryFree: undefined,
  memoryTotal: 40,
  processes: [],
};

function setUp(limit = 2) {
  const board = new RunBoard(() => 5);
  const slots = { running: 1 };
  return new DaemonReadings({ board, slots, limits: { running: limit, preparing: 1 }, now: () => 7 });
}

test('a daemon without limit, queues and GPUs', async (t) => {
  t.deepEqual(await setUp(Number.POSITIVE_INFINITY).take(), {
    time: 7,
    slots: { running: 1 },
    runs: [],
    queues: [],
    gpus: [],
    outOfService: [],
  });
});

test('queues are shown before the first look, as they were seen, and without what was pulled since', async (t) => {
  const readings = setUp();
  readings.showQueues([{ id: 'q', name: 'default' }]);
  t.deepEqual((await readings.take()).queues, [{ id: 'q', name: 'default' }]);
  readings.queuesSeen([{ id: 'q', name: 'default', entries: [{ task: 'a' }, { task: 'b' }] }, { id: 'r' }]);
  readings.pulledFrom('q');
  readings.pulledFrom('r');
  t.deepEqual((await readings.take()).queues, [
    { id: 'q', name: 'default', seen: 7, waiting: 1 },
    { id: 'r', name: 'r', seen: 7 },
  ]);
});

const IN_SERVICE = { outOfService: async () => [] };

test('those who look at the same time share one reading of the GPUs', async (t) => {
  const readings = setUp();
  const asked = { times: 0 };
  const slice = { ...GPU, mig: { index: 0, uuid: undefined, name: '1g.10gb' }, utilization: undefined };
  const reader = {
    active: true,
    look: async () => {
      asked.times += 1;
      return { gpus: [GPU, slice] };
    },
  };
  readings.showGpus(reader, IN_SERVICE);
  const [first] = await Promise.all([readings.take(), readings.take()]);
  t.deepEqual(first?.gpus, [
    { id: '3', name: 'A100', use: 97, memoryUsed: 10, memoryTotal: 40, temperature: 61 },
    { id: '3.0', name: 'A100 1g.10gb', memoryUsed: 10, memoryTotal: 40, temperature: 61 },
  ]);
  t.is(asked.times, 1);
});

test('a tool that hangs or fails does not keep the answer back', async (t) => {
  const hanging = setUp();
  hanging.showGpus({ active: true, look: () => new Promise(() => undefined) }, IN_SERVICE);
  // Timers of `take` do not keep a process alive that has nothing else to do.
  const alive = setInterval(() => undefined, 1000);
  t.deepEqual((await hanging.take()).gpus, []);
  clearInterval(alive);
  const failing = setUp();
  failing.showGpus(
    { active: true, look: async () => ({ problem: 'no answer', missing: false }) },
    IN_SERVICE,
  );
  t.deepEqual((await failing.take()).gpus, []);
});

test('GPUs out of service are shown although the tool does not list them, and a broken table costs nothing else', async (t) => {
  const lost = { key: 'GPU-1', id: '1', reason: 'it is gone', at: 5 };
  const readings = setUp();
  const reader = { active: false, look: async () => ({ problem: 'no answer', missing: false }) };
  readings.showGpus(reader, { outOfService: async () => [lost] });
  t.deepEqual((await readings.take()).outOfService, [lost]);
  readings.showGpus(reader, { outOfService: () => Promise.reject(new Error('unreadable')) });
  t.deepEqual((await readings.take()).outOfService, []);
});
