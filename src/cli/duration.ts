import { AgentError } from '../errors.js';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };

const MOST_SECONDS = 100 * 365 * 86_400;

/**
 * Reads a length of time: `90m`, `96h`, `1d12h`; a number alone counts days.
 *
 * @returns a reader that gives seconds and throws AgentError USAGE
 */
export function duration(flag: string): (value: string) => number {
  return (value) => {
    const typed = value.trim().toLowerCase();
    const text = /^\d+$/.test(typed) ? `${typed}d` : typed;
    const total = [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
      (sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0),
      0,
    );
    if (/^(\d+[smhdw])+$/.test(text) && total <= MOST_SECONDS) return total;
    throw new AgentError(
      'USAGE',
      `${flag} takes a time of at most 100 years such as 96h, 4d or 30m, got "${value}"`,
    );
  };
}

/**
 * Reads a time limit, `90s` or `10m`. A number alone is refused: `duration` reads it as days, which no one
 * wants to wait.
 *
 * @param mostMs the longest that can be kept
 * @returns a reader that gives milliseconds and throws AgentError USAGE
 */
export function timeLimit(flag: string, mostMs: number): (value: string) => number {
  return (value) => {
    if (/^\d+$/.test(value.trim()))
      throw new AgentError(
        'USAGE',
        `${flag} takes a time with its unit, such as ${value.trim()}m, got "${value}"`,
      );
    const ms = 1000 * duration(flag)(value);
    if (ms <= mostMs) return ms;
    const days = Math.floor(mostMs / 86_400_000);
    throw new AgentError('USAGE', `${flag} takes at most ${days}d, got "${value}"`);
  };
}
