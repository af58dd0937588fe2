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
    const total = secondsIn(/^\d+$/.test(typed) ? `${typed}d` : typed);
    if (total !== undefined && total <= MOST_SECONDS) return total;
    throw new AgentError(
      'USAGE',
      `${flag} takes a time of at most 100 years such as 96h, 4d or 30m, got "${value}"`,
    );
  };
}

function secondsIn(text: string): number | undefined {
  if (!/^(\d+[smhdw])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0),
    0,
  );
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
    const seconds = secondsIn(value.trim().toLowerCase());
    if (seconds === undefined)
      throw new AgentError('USAGE', `${flag} takes a time such as 90s, 10m or 2h, got "${value}"`);
    if (1000 * seconds <= mostMs) return 1000 * seconds;
    const days = Math.floor(mostMs / 86_400_000);
    throw new AgentError('USAGE', `${flag} takes at most ${days}d, got "${value}"`);
  };
}
