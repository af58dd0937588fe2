import { ownMember } from '../../os/own-member.js';
import { ApiError } from '../api-error.js';
import { parseDate } from '../dates.js';
import type { Json } from '../json.js';

export type Check = (value: Json | undefined) => boolean;

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '': (a, b) => a === b,
};

/** Reads comparisons of a date: one, a list of them, or a range of two dates without operators. */
export function dateCheck(value: Json): Check {
  const items = Array.isArray(value) ? value : [value];
  const plain = items.length === 2 && items.every((item) => item === null || !/^\s*[<>]/.test(String(item)));
  if (Array.isArray(value) && plain) return rangeCheck(value);
  const checks = items.filter((item) => item !== null).map((item) => comparison(String(item)));
  return (actual) => checks.every((check) => check(actual));
}

/** Reads `[min, max]`; null leaves a side open, and an open minimum lets empty values in. Dates are compared as times. */
export function rangeCheck(value: Json): Check {
  if (!Array.isArray(value) || value.length !== 2 || value.every((side) => side === null))
    throw new ApiError('validation_error', { value: String(value) }, 'expected [min, max]');
  const [min, max] = [value[0] ?? null, value[1] ?? null].map((side) =>
    side === null ? null : numeric(side),
  );
  return (actual) => {
    const number = actual === undefined || actual === null ? undefined : tryNumeric(actual);
    if (number === undefined) return min === null;
    return (
      (min === null || min === undefined || number >= min) &&
      (max === null || max === undefined || number <= max)
    );
  };
}

function comparison(text: string): Check {
  const match = /^\s*(>=|<=|>|<|)\s*(.*)$/.exec(text);
  const compare = ownMember(COMPARISONS, match?.[1] ?? '');
  const limit = numeric(match?.[2] ?? '');
  return (actual) => {
    const number = actual === undefined || actual === null ? undefined : tryNumeric(actual);
    return number !== undefined && compare?.(number, limit) === true;
  };
}

function numeric(value: Json): number {
  const number = tryNumeric(value);
  if (number === undefined)
    throw new ApiError('validation_error', { value: String(value) }, 'expected a date or number');
  return number;
}

function tryNumeric(value: Json): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseDate(value) : undefined;
}
