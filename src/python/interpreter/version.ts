import { AgentError } from '../../errors.js';

/** A comparison with a version: `>=20.3`. */
export interface CompareRule {
  operator: string;
  version: string;
}

export interface CompareOptions {
  /** How many numbers are compared; 0: all that either has. */
  parts?: number;
  /** Leave out pre, post, development and local parts. */
  plain?: boolean;
}

const OPERATORS = ['===', '==', '~=', '!=', '<=', '>=', '<', '>'] as const;

export function parseRule(text: string): CompareRule | undefined {
  const match = /^\s*(===|==|~=|!=|<=|>=|<|>)?\s*(\S+)\s*$/.exec(text);
  return match === null ? undefined : { operator: match[1] ?? '==', version: match[2] ?? '' };
}

export function matchesRule(version: string, rule: CompareRule): boolean {
  return compareVersions(version, rule.operator, rule.version);
}

/**
 * Compares by the first three numbers and leaves the rest out unless asked otherwise, so the build of a
 * vendor (`1.13.0a0+936e930`) counts as its release. `~=` is equality of all numbers but the last, and
 * not less; `==1.13.*` compares the numbers before the star.
 *
 * @throws AgentError CONFIG_VALUE for an operator that does not exist
 */
export function compareVersions(
  a: string,
  operator: string,
  b: string,
  options: CompareOptions = {},
): boolean {
  if (!OPERATORS.some((known) => known === operator)) {
    throw new AgentError(
      'CONFIG_VALUE',
      `no such comparison of versions: ${operator}; there are ${OPERATORS.join(' ')}`,
    );
  }
  if (operator === '~=') {
    const count = Math.max(1, numbersOf(b).length - 1);
    return compareVersions(a, '>=', b, options) && order(a, b, { ...options, parts: count }) === 0;
  }
  const star = /^(.*?)\.?\*$/.exec(b);
  if (star !== null && (operator === '==' || operator === '!=' || operator === '===')) {
    const prefix = star[1] ?? '';
    const equal = prefix === '' || order(a, prefix, { ...options, parts: numbersOf(prefix).length }) === 0;
    return operator === '!=' ? !equal : equal;
  }
  return holds(order(a, b, options), operator);
}

function holds(difference: number, operator: string): boolean {
  if (operator === '==' || operator === '===') return difference === 0;
  if (operator === '!=') return difference !== 0;
  if (operator === '<') return difference < 0;
  if (operator === '<=') return difference <= 0;
  return operator === '>' ? difference > 0 : difference >= 0;
}

/** Negative when `a` comes before `b`. Texts that are no versions are compared as texts. */
function order(a: string, b: string, { parts = 3, plain = true }: CompareOptions): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  if (left.length === 0 || right.length === 0) return compareText(a, b);
  const count = parts === 0 ? Math.max(left.length, right.length) : parts;
  for (let at = 0; at < count; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return plain ? 0 : compareText(suffixOf(a), suffixOf(b));
}

function numbersOf(version: string): number[] {
  const match = /^\s*v?(?:\d+!)?(\d+(?:\.\d+)*)/i.exec(version);
  return match === null ? [] : (match[1] ?? '').split('.').map(Number);
}

/** What follows the numbers. A release comes after its previews. */
function suffixOf(version: string): string {
  const rest = version.trim().replace(/^v?(?:\d+!)?\d+(?:\.\d+)*/i, '');
  if (rest === '') return 'm';
  return /^[.-_]?(?:a|b|c|rc|alpha|beta|pre|dev)/i.test(rest) ? `a${rest}` : `z${rest}`;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
