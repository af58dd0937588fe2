import { AgentError } from '../errors.js';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };

/**
 * Reads a length of time: `90m`, `96h`, `1d12h`; a number alone counts days.
 *
 * @returns a reader that gives seconds and throws AgentError USAGE
 */
export function duration(flag: string): (value: string) => number {
  return (value) => {
    const text = value.trim().toLowerCase();
    if (/^\d+$/.test(text)) return Number(text) * (UNITS.d ?? 0);
    if (!/^(\d+[smhdw])+$/.test(text)) {
      throw new AgentError('USAGE', `${flag} takes a time such as 96h, 4d or 30m, got "${value}"`);
    }
    return [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
      (sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0),
      0,
    );
  };
}
