import { setTimeout as sleep } from 'node:timers/promises';
import { type LiveStream, openLive } from '../../support/live-stream.js';
import { percentile, residentMegabytes } from '../measure.js';
import type { BenchServer } from './bench-server.js';

export interface LiveFigures {
  /** Largest memory of the server (MB). */
  memory: number;
  /** Seconds from the call that reports a line until the stream has it: 99th percentile, and the longest. */
  delay: number;
  longest: number;
}

const CONSOLES = 100;
/** Each task prints ten lines a second, which the agent sends every 0.7 s. */
const LINES = 7;
const EVERY_MS = 700;
const LINE = 'epoch 12: loss 0.0123, accuracy 0.9876, '.repeat(3);

/** A hundred consoles, each of a task of its own that prints ten lines a second. */
export async function measureLive(server: BenchServer, seconds: number): Promise<LiveFigures> {
  const tasks = await Promise.all(
    Array.from({ length: CONSOLES }, (_, index) =>
      server.call<{ id: string }>('tasks.create', { name: `task ${index}`, type: 'training' }),
    ),
  );
  const delays: number[] = [];
  const streams = await Promise.all(tasks.map(({ id }) => openLive(server, { logs: [id], tasks: [id] })));
  const counting = streams.map((stream) => follow(stream, delays));
  let memory = 0;
  let reports = 0;
  const until = performance.now() + 1000 * seconds;
  // Agents do not report at the same moment.
  const print = async ({ id }: { id: string }, index: number) => {
    await sleep((index * EVERY_MS) / CONSOLES);
    while (performance.now() < until) {
      const next = sleep(EVERY_MS);
      await report(server, id);
      reports += 1;
      memory = Math.max(memory, residentMegabytes(server.pid));
      await next;
    }
  };
  await Promise.all(tasks.map(print));
  const expected = reports * LINES;
  while (delays.length < expected) await sleep(20);
  for (const stream of streams) stream.close();
  await Promise.allSettled(counting);
  return { memory, delay: percentile(delays, 0.99), longest: Math.max(...delays) };
}

async function report(server: BenchServer, task: string): Promise<void> {
  const sent = performance.now();
  const lines = Array.from({ length: LINES }, () => ({
    type: 'log',
    task,
    timestamp: Date.now(),
    level: 'INFO',
    worker: 'bench',
    msg: `${sent} ${LINE}`,
  }));
  await server.call('events.add_batch', lines);
}

/** Notes the age of each line as it comes. */
async function follow({ events, next }: LiveStream, delays: number[]): Promise<void> {
  for (let seen = 0; ; await next(() => true)) {
    const now = performance.now();
    for (const { name, data } of events.slice(seen)) {
      const lines = name === 'log' ? (data.lines as { msg: string }[]) : [];
      for (const { msg } of lines) delays.push((now - Number(msg.split(' ', 1)[0])) / 1000);
    }
    seen = events.length;
  }
}
