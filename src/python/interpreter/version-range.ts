import type { VersionPart } from '../requirements/requirement.js';

/** An end of a range; `undefined` where it is open to all versions. */
interface Bound {
  version: number[];
  inclusive: boolean;
}

interface Range {
  low: Bound | undefined;
  high: Bound | undefined;
}

/** Whether some version satisfies both lists. Exclusions (`!=`) take single versions out and do not count. */
export function rangesOverlap(a: readonly VersionPart[], b: readonly VersionPart[]): boolean {
  const { low, high } = [...a, ...b].map(rangeOf).reduce(intersection, ALL);
  if (low === undefined || high === undefined) return true;
  const difference = compare(low.version, high.version);
  return difference < 0 || (difference === 0 && low.inclusive && high.inclusive);
}

const ALL: Range = { low: undefined, high: undefined };

function rangeOf([operator, text]: VersionPart): Range {
  const version = numbers(text);
  const at = { version, inclusive: true };
  const outside = { version, inclusive: false };
  if (version.length === 0) return ALL;
  if (operator === '>=') return { low: at, high: undefined };
  if (operator === '>') return { low: outside, high: undefined };
  if (operator === '<=') return { low: undefined, high: at };
  if (operator === '<') return { low: undefined, high: outside };
  if (operator === '~=')
    return {
      low: at,
      high: { version: next(version.slice(0, Math.max(1, version.length - 1))), inclusive: false },
    };
  if (operator !== '==' && operator !== '===') return ALL;
  return text.includes('*')
    ? { low: at, high: { version: next(version), inclusive: false } }
    : { low: at, high: at };
}

function intersection(a: Range, b: Range): Range {
  return { low: tighter(a.low, b.low, 1), high: tighter(a.high, b.high, -1) };
}

/** `direction` 1 for the lower ends, where the greater is tighter, -1 for the upper ones. */
function tighter(a: Bound | undefined, b: Bound | undefined, direction: 1 | -1): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const difference = compare(a.version, b.version) * direction;
  if (difference === 0) return a.inclusive ? b : a;
  return difference > 0 ? a : b;
}

function next(version: readonly number[]): number[] {
  return version.map((number, at) => (at === version.length - 1 ? number + 1 : number));
}

function numbers(text: string): number[] {
  const match = /^\s*v?(\d+(?:\.\d+)*)/.exec(text);
  return match === null ? [] : (match[1] ?? '').split('.').map(Number);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
