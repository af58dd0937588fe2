import { statSync } from 'node:fs';
import path from 'node:path';
import { percentile } from '../measure.js';
import type { BenchServer } from './bench-server.js';

export interface LogFigures {
  /** Milliseconds at the 95th percentile. */
  tail: number;
  page: number;
  /** MB a second, as text and as JSON. */
  text: number;
  json: number;
  /** Milliseconds of the call that removes the log. */
  removal: number;
  /** Milliseconds at the 99th percentile of pings while space is given back. */
  pingWhileRemoving: number;
}

const PAGE = 100;
const TURNS = 30;

export function databaseBytes(folder: string): number {
  return statSync(path.join(folder, 'server.db')).size;
}

export async function measureLog(server: BenchServer, task: string): Promise<LogFigures> {
  const log = (body: object) =>
    server.call<{ events: { timestamp: number }[]; total: number }>('events.get_task_log', {
      task,
      batch_size: PAGE,
      ...body,
    });
  const newest = (await log({})).events[0]?.timestamp ?? 0;
  const oldest = (await log({ navigate_earlier: false })).events[0]?.timestamp ?? 0;
  const from = (turn: number) => Math.floor(oldest + ((newest - oldest) * ((turn * 37) % TURNS)) / TURNS);
  const tail = await repeated(() => log({}));
  const page = await repeated((turn) =>
    log({ from_timestamp: from(turn), navigate_earlier: turn % 2 === 0 }),
  );
  const text = await rate(() => server.download('events.download_task_log', { task }));
  const json = await rate(() => server.download('events.download_task_log', { task, line_type: 'json' }));
  const start = performance.now();
  await server.call('events.delete_for_task', { task });
  const removal = performance.now() - start;
  const pings = await repeated(() => server.call('queues.get_default'), 300);
  return { tail, page, text, json, removal, pingWhileRemoving: pings };
}

/** Milliseconds of a histogram at the 95th percentile, and how long other requests wait beside it at most. */
export async function measureScalars(
  server: BenchServer,
  task: string,
): Promise<{ histogram: number; beside: number }> {
  const histogram = await repeated(() => server.call('events.scalar_metrics_iter_histogram', { task }));
  let isDone = false;
  const reading = repeated(() => server.call('events.scalar_metrics_iter_histogram', { task })).finally(
    () => {
      isDone = true;
    },
  );
  const waits: number[] = [];
  while (!isDone) {
    const start = performance.now();
    await server.call('queues.get_default');
    waits.push(performance.now() - start);
  }
  await reading;
  return { histogram, beside: percentile(waits, 0.99) };
}

async function repeated(action: (turn: number) => Promise<unknown>, turns = TURNS): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const start = performance.now();
    await action(turn);
    times.push(performance.now() - start);
  }
  return percentile(times, 0.95);
}

async function rate(download: () => Promise<number>): Promise<number> {
  const start = performance.now();
  const bytes = await download();
  return bytes / 1e6 / ((performance.now() - start) / 1000);
}
