import type { ResolvedQueue } from './queues/resolve-queues.js';

/** What a daemon says when it starts: who it is, and the queues that it pulls from, as a table. */
export function announcement(workerId: string, queues: readonly ResolvedQueue[]): string[] {
  const rows = queues.map(({ id, name, tags }) => [id, name, tags.join(' ')]);
  return [`Worker "${workerId}" - Listening to queues:`, ...tableLines(['id', 'name', 'tags'], rows)];
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
