interface Place {
  running: string;
  queue: string;
}

type Call = <T>(endpoint: string, body?: unknown) => Promise<T>;

const MINUTES = 90;
const GPUS = 4;

/** Workers with figures of the last hour and a half, and queues with tasks that wait. */
export async function addFleet(call: Call, { running, queue }: Place): Promise<void> {
  const { id: other } = await call<{ id: string }>('queues.create', { name: 'cpu-only' });
  await call('workers.register', { worker: 'gpu-box:0', queues: [queue], tags: ['a100', 'rack-2'] });
  await call('workers.register', { worker: 'gpu-box:1', queues: [queue, other] });
  await call('workers.register', { worker: 'laptop', queues: [queue] });
  for (const name of [
    'Evaluate on ImageNet-A',
    'Sweep 17: lr=0.03',
    'Sweep 18: lr=0.1',
    'Export to ONNX',
    'Prune 40 %',
  ]) {
    const { id } = await call<{ id: string }>('tasks.create', { name, type: 'testing' });
    await call('tasks.enqueue', { task: id, queue });
  }
  const { id: waiting } = await call<{ id: string }>('tasks.create', {
    name: 'Resize the data set',
    type: 'data_processing',
  });
  await call('tasks.enqueue', { task: waiting, queue: other });
  const now = Date.now();
  for (let minute = MINUTES; minute >= 0; minute -= 1) {
    const timestamp = now - minute * 60_000;
    await call('workers.status_report', {
      worker: 'gpu-box:0',
      timestamp,
      task: running,
      queues: [queue],
      tags: ['a100', 'rack-2'],
      machine_stats: gpuStats(minute),
    });
    if (minute % 3 === 0)
      await call('workers.status_report', {
        worker: 'gpu-box:1',
        timestamp,
        queues: [queue, other],
        machine_stats: gpuStats(minute + 40),
      });
    if (minute % 10 === 0)
      await call('workers.status_report', {
        worker: 'laptop',
        timestamp,
        queues: [queue],
        machine_stats: cpuStats(minute),
      });
  }
}

function wave(at: number, from: number, to: number): number {
  return from + ((to - from) * (1 + Math.sin(at / 5))) / 2;
}

function cpuStats(minute: number): object {
  return {
    cpu_usage: [wave(minute, 12, 64)],
    memory_used: wave(minute / 4, 8000, 21_000),
    memory_free: 64_000 - wave(minute / 4, 8000, 21_000),
    network_rx: wave(minute * 2, 0.1, 12),
    network_tx: wave(minute, 0.1, 3),
    disk_read: wave(minute * 3, 0, 120),
    disk_write: wave(minute, 0, 20),
  };
}

function gpuStats(minute: number): object {
  const each = (from: number, to: number) =>
    Array.from({ length: GPUS }, (_, gpu) => wave(minute + gpu, from, to));
  return {
    ...cpuStats(minute),
    gpu_usage: each(55, 99),
    gpu_temperature: each(48, 71),
    gpu_memory_used: each(21_000, 36_000),
    gpu_memory_free: each(4000, 19_000),
  };
}
