/** One row of the report; a figure that was not taken is left out. */
export interface Figure {
  name: string;
  unit: string;
  ours: number;
  original?: number;
  /** What we set out to reach. */
  goal?: string;
}

export function renderTable(figures: readonly Figure[]): string {
  const head = ['measure', 'ours', 'original', 'ratio', 'goal'];
  const rows = figures.map(({ name, unit, ours, original, goal = '' }) => [
    name,
    show(ours, unit),
    isTaken(original) ? show(original, unit) : '',
    isTaken(original) && original !== 0 ? (ours / original).toFixed(2) : '',
    goal,
  ]);
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? title.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** The original does not say everything. */
function isTaken(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

function show(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}
