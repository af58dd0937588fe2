import { visibleName } from '../logs/visible-text.js';

export interface TableOptions {
  headings: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Columns as wide as their widest cell, two blanks apart; the last one ends where it ends. Long cells are cut. */
export function renderTable({ headings, rows }: TableOptions): string {
  const lines = [headings, ...rows].map((line) => line.map((cell) => visibleName(cell)));
  const widths = headings.map((_, column) =>
    lines.reduce((most, line) => Math.max(most, width(line[column] ?? '')), 0),
  );
  return lines
    .map((line) =>
      headings
        .map((_, column) => {
          const cell = line[column] ?? '';
          return cell + ' '.repeat((widths[column] ?? 0) - width(cell));
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function width(text: string): number {
  return [...text].length;
}

/** How long ago a moment was, in the largest unit that says something. */
export function ageText(moment: string | undefined, now: number): string {
  const then = moment === undefined ? Number.NaN : Date.parse(moment);
  if (Number.isNaN(then)) return '';
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  const [unit, length] = UNITS.find(([, size]) => seconds >= 2 * size) ?? ['s', 1];
  return `${Math.floor(seconds / length)} ${unit} ago`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Bytes in the largest decimal unit that says something: `1.2 GB`, `40 kB`. */
export function sizeText(bytes: number): string {
  const [unit, size] = SIZES.find(([, least]) => bytes >= least) ?? ['B', 1];
  const amount = bytes / size;
  return `${amount < 10 && unit !== 'B' ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}

const SIZES = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const;
