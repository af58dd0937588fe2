import { open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exactCpuSeconds, percentile, watchMemory } from '../measure.js';
import type { BenchServer } from './bench-server.js';

export interface LoadFigures {
  /** Milliseconds of polls and reports at the 99th percentile. */
  slow: number;
  /** Milliseconds in which the disk alone syncs 4 KB at the same time, at the 99th percentile. */
  sync: number;
  /** Cores that the server uses. */
  cores: number;
  /** At most. */
  megabytes: number;
}

const POLL_SECONDS = 5;
const REPORT_SECONDS = 30;
/** Log events of a request, and requests a second. */
const BATCH = { lines: 100, perSecond: 20 };

/** Agents that poll and report, beside tasks that write 2,000 lines a second. */
export async function measureLoad(
  server: BenchServer,
  { agents, seconds, folder }: { agents: number; seconds: number; folder: string },
): Promise<LoadFigures> {
  const { id: queue } = await server.call<{ id: string }>('queues.get_default');
  const tasks: string[] = [];
  for (let n = 0; n < BATCH.perSecond; n += 1)
    tasks.push(
      (await server.call<{ id: string }>('tasks.create', { name: `writer ${n}`, type: 'training' })).id,
    );
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  const timed = async (endpoint: string, body: unknown) => {
    const start = performance.now();
    await server.call(endpoint, body);
    times.push(performance.now() - start);
  };
  /** Repeats a call at its interval, whenever the one before ended. */
  const repeat = async (every: number, offset: number, action: (turn: number) => Promise<void>) => {
    const start = performance.now() + offset;
    for (let turn = 0; ; turn += 1) {
      const due = start + turn * every;
      if (due >= end) return;
      await sleep(Math.max(0, due - performance.now()));
      await action(turn);
    }
  };
  const agent = (n: number) => [
    repeat(POLL_SECONDS * 1000, (n / agents) * POLL_SECONDS * 1000, () =>
      timed('queues.get_next_task', { queue }),
    ),
    repeat(REPORT_SECONDS * 1000, (n / agents) * REPORT_SECONDS * 1000, () =>
      timed('workers.status_report', report(`agent-${n}`, queue)),
    ),
  ];
  const writer = (task: string, n: number) =>
    repeat(1000, (1000 * n) / tasks.length, (turn) =>
      server.call<void>('events.add_batch', linesOf(task, turn)),
    );
  for (let n = 0; n < agents; n += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, agents - n) }, (_, index) =>
        server.call('workers.register', { worker: `agent-${n + index}`, queues: [queue] }),
      ),
    );
  const cpu = exactCpuSeconds(server.pid);
  const began = performance.now();
  const memory = watchMemory(server.pid);
  const syncs: number[] = [];
  const probe = await open(path.join(folder, 'probe'), 'w');
  await Promise.all([
    repeat(100, 0, async () => {
      await probe.write(Buffer.alloc(4096), 0, 4096, 0);
      const start = performance.now();
      await probe.datasync();
      syncs.push(performance.now() - start);
    }),
    ...Array.from({ length: agents }, (_, n) => agent(n)).flat(),
    ...tasks.map((task, n) => writer(task, n)),
  ]);
  memory.stop();
  await probe.close();
  const cores = (exactCpuSeconds(server.pid) - cpu) / ((performance.now() - began) / 1000);
  return { slow: percentile(times, 0.99), sync: percentile(syncs, 0.99), cores, megabytes: memory.peak() };
}

function report(worker: string, queue: string) {
  const machine_stats = { cpu_usage: [12.5], memory_used: 2048, memory_free: 6144, disk_free_home: 50 };
  return { worker, queues: [queue], timestamp: Date.now(), machine_stats };
}

function linesOf(task: string, turn: number) {
  return Array.from({ length: BATCH.lines }, (_, n) => ({
    type: 'log',
    task,
    level: 'INFO',
    worker: 'agent-1',
    timestamp: Date.now(),
    msg: `step ${turn * BATCH.lines + n} loss=${Math.random().toFixed(6)} accuracy=${Math.random().toFixed(4)} lr=0.0003 samples/s\n`,
  }));
}
