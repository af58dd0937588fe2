import { stripVTControlCharacters } from 'node:util';
import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';
import { visibleLine } from '../../logs/visible-text.js';

/** A text of a task as a part of a line: colours are left out, other controls are visible text. */
export function plain(text: string): string {
  return visibleLine(stripVTControlCharacters(text).replace(/\t/g, ' ')).trim();
}

/** A text that takes exactly so many columns; wide letters take two. */
export function cell(text: string, width: number): string {
  const cut = cutTo(text, width);
  return cut + ' '.repeat(Math.max(0, width - stringWidth(cut)));
}

/** A text that takes so many columns at most. */
export function cutTo(text: string, width: number): string {
  return width < 1 ? '' : cliTruncate(text, width);
}

/** A length of time: `12s`, `3m`, `2h05m`, `4d03h`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const [unit, size, small, rest] = SPANS.find(([, length]) => seconds >= length) ?? ['m', 60, '', 0];
  const whole = Math.floor(seconds / size);
  return rest === 0
    ? `${whole}${unit}`
    : `${whole}${unit}${pad(Math.floor((seconds % size) / rest))}${small}`;
}

const SPANS = [
  ['d', 86_400, 'h', 3600],
  ['h', 3600, 'm', 60],
  ['m', 60, '', 0],
] as const;

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
