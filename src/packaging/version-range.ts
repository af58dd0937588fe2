import { compare, explain } from '@renovatebot/pep440';
import { releaseOf, type VersionPart } from './version.js';

/** An end of a range; `undefined` where it is open to all versions. */
interface Bound {
  version: string;
  inclusive: boolean;
}

interface Range {
  low: Bound | undefined;
  high: Bound | undefined;
}

/**
 * Whether some release satisfies both lists. Exclusions (`!=`) take single versions out and do not count; builds of
 * vendors count as their release.
 */
export function rangesOverlap(a: readonly VersionPart[], b: readonly VersionPart[]): boolean {
  const { low, high } = [...a, ...b].map(rangeOf).reduce(intersection, ALL);
  if (low === undefined || high === undefined) return true;
  const difference = compare(low.version, high.version);
  return difference < 0 || (difference === 0 && low.inclusive && high.inclusive);
}

const ALL: Range = { low: undefined, high: undefined };

function rangeOf([operator, text]: VersionPart): Range {
  const prefix = /\.\*$/.test(text);
  const version = releaseOf(text.replace(/\.\*$/, ''));
  const release = explain(version)?.release;
  if (release === undefined) return ALL;
  const at = { version, inclusive: true };
  const outside = { version, inclusive: false };
  if (operator === '>=') return { low: at, high: undefined };
  if (operator === '>') return { low: outside, high: undefined };
  if (operator === '<=') return { low: undefined, high: at };
  if (operator === '<') return { low: undefined, high: outside };
  if (operator === '~=') return { low: at, high: above(version, Math.max(1, release.length - 1)) };
  if (operator !== '==' && operator !== '===') return ALL;
  return { low: at, high: prefix ? above(version, release.length) : at };
}

/** Before the first release above all that begin with the first `count` numbers of this one. */
function above(version: string, count: number): Bound {
  const { epoch = 0, release = [] } = explain(version) ?? {};
  const next = release.slice(0, count).map((number, at) => (at === count - 1 ? number + 1 : number));
  return { version: `${epoch}!${next.join('.')}`, inclusive: false };
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
