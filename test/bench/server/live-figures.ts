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
  /** Seconds from the answer of that call, which comes when the line is on disk: 99th percentile. */
  afterAnswer: number;
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
  const seen: Seen[] = [];
  const answered = new Map<string, number>();
  const streams = await Promise.all(tasks.map(({ id }) => openLive(server, { logs: [id], tasks: [id] })));
  const counting = streams.map((stream) => follow(stream, seen));
  let memory = 0;
  let reports = 0;
  const until = performance.now() + 1000 * seconds;
  // Agents do not report at the same moment.
  const print = async ({ id }: { id: string }, index: number) => {
    await sleep((index * EVERY_MS) / CONSOLES);
    while (performance.now() < until) {
      const next = sleep(EVERY_MS);
      const sent = String(performance.now());
      await report(server, id, sent);
      answered.set(sent, performance.now());
      reports += 1;
      memory = Math.max(memory, residentMegabytes(server.pid));
      await next;
    }
  };
  await Promise.all(tasks.map(print));
  const expected = reports * LINES;
  while (seen.length < expected) await sleep(20);
  for (const stream of streams) stream.close();
  await Promise.allSettled(counting);
  const delays = seen.map(({ sent, at }) => (at - Number(sent)) / 1000);
  const after = seen.map(({ sent, at }) => Math.max(0, at - (answered.get(sent) ?? at)) / 1000);
  return {
    memory,
    delay: percentile(delays, 0.99),
    longest: Math.max(...delays),
    afterAnswer: percentile(after, 0.99),
  };
}

async function report(server: BenchServer, task: string, sent: string): Promise<void> {
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

interface Seen {
  /** When the line was reported, as it says itself. */
  sent: string;
  at: number;
}

/** Notes each line as it comes. */
async function follow({ events, next }: LiveStream, seen: Seen[]): Promise<void> {
  for (let read = 0; ; await next(() => true)) {
    const at = performance.now();
    for (const { name, data } of events.slice(read)) {
      const lines = name === 'log' ? (data.lines as { msg: string }[]) : [];
      for (const { msg } of lines) seen.push({ sent: msg.split(' ', 1)[0] ?? '', at });
    }
    read = events.length;
  }
}
