import { missingDevices } from '../gpu/allocation.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import { type Environment, selectedDevices } from '../gpu/visibility.js';
import type { ResolvedQueue } from './queues/resolve-queues.js';

/** A column of the table of queues. */
export interface QueueColumn {
  title: string;
  cell(queue: ResolvedQueue): string;
}

/**
 * What a daemon says when it starts: who it is, and the queues that it pulls from, as a table.
 *
 * @param more columns beside those that every daemon has
 */
export function announcement(
  workerId: string,
  queues: readonly ResolvedQueue[],
  more: readonly QueueColumn[] = [],
): string[] {
  const titles = ['id', 'name', 'tags', ...more.map(({ title }) => title)];
  const rows = queues.map((queue) => [
    queue.id,
    queue.name,
    queue.tags.join(' '),
    ...more.map(({ cell }) => cell(queue)),
  ]);
  return [`Worker "${workerId}" - Listening to queues:`, ...tableLines(titles, rows)];
}

/** Weights and limits, where queues have some. */
export function shareColumns(queues: readonly ResolvedQueue[]): QueueColumn[] {
  const columns: QueueColumn[] = [];
  if (queues.some(({ weight }) => weight !== undefined))
    columns.push({ title: 'weight', cell: ({ weight = 1 }) => String(weight) });
  if (queues.some(({ limit }) => limit !== undefined))
    columns.push({ title: 'limit', cell: ({ limit }) => String(limit ?? '') });
  return columns;
}

const LEAST_WIDTH = 3;

function tableLines(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = titles.map((title, column) =>
    Math.max(LEAST_WIDTH, ...[title, ...rows.map((row) => row[column] ?? '')].map((cell) => cell.length + 1)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('| ')} |`;
  const border = `+-${widths.map((width) => '-'.repeat(width)).join('+-')}-+`;
  return [border, line(titles), border, ...rows.map(line), border];
}

/**
 * Names GPUs of the variables that this machine does not have; tasks would find out much later. In a container the numbers may be
 * those of its host, so they are no reason to refuse. Logs nothing while the vendor's tool does not answer, and never fails.
 */
export async function tellMissingGpus(
  gpus: Pick<GpuReader, 'read' | 'active'>,
  env: Environment,
  warn: (line: string) => void,
): Promise<void> {
  const visible = (env.NVIDIA_VISIBLE_DEVICES || env.CUDA_VISIBLE_DEVICES)?.replaceAll(':', '.');
  const selection = selectedDevices(visible);
  if (selection.kind !== 'list') return;
  const reading = await gpus.read().catch(() => undefined);
  if (reading === undefined && gpus.active) return;
  const missing = missingDevices(reading?.gpus ?? [], selection);
  if (missing.length === 0) return;
  const there = reading?.gpus.map(({ index }) => index).join(', ') || 'none';
  warn(`GPU ${missing.join(', ')} was asked for and is not on this machine (found: ${there})`);
}
