import { ApiError } from '../api-error.js';
import { parseDate } from '../dates.js';
import { type Json, shownText } from '../json.js';

/** What a number, or a date as milliseconds, must be. */
export interface Bounds {
  comparisons: readonly { operator: Operator; limit: number }[];
  /** Whether values that are empty, or neither a number nor a date, pass. */
  letsEmptyIn: boolean;
}

export type Operator = '>=' | '<=' | '>' | '<' | '=';

const COMPARISONS: Readonly<Record<Operator, (a: number, b: number) => boolean>> = {
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '=': (a, b) => a === b,
};

export function isWithin({ comparisons, letsEmptyIn }: Bounds, actual: Json | undefined): boolean {
  const number = actual === undefined || actual === null ? undefined : tryNumeric(actual);
  if (number === undefined) return letsEmptyIn;
  return comparisons.every(({ operator, limit }) => COMPARISONS[operator](number, limit));
}

/** Reads comparisons of a date: one, a list of them, or a range of two dates without operators. */
export function dateBounds(value: Json): Bounds {
  const items = Array.isArray(value) ? value : [value];
  const plain =
    items.length === 2 && items.every((item) => item === null || !/^\s*[<>]/.test(shownText(item)));
  if (Array.isArray(value) && plain) return rangeBounds(value);
  const comparisons = items.filter((item) => item !== null).map((item) => comparison(shownText(item)));
  return { comparisons, letsEmptyIn: comparisons.length === 0 };
}

/** Reads `[min, max]`; null leaves a side open, and an open minimum lets empty values in. Dates are compared as times. */
export function rangeBounds(value: Json): Bounds {
  if (!Array.isArray(value) || value.length !== 2 || value.every((side) => side === null))
    throw new ApiError('validation_error', { value: shownText(value) }, 'expected [min, max]');
  const [min, max] = [value[0] ?? null, value[1] ?? null];
  return {
    comparisons: [
      ...(min === null ? [] : [{ operator: '>=' as const, limit: numeric(min) }]),
      ...(max === null ? [] : [{ operator: '<=' as const, limit: numeric(max) }]),
    ],
    letsEmptyIn: min === null,
  };
}

function comparison(text: string): Bounds['comparisons'][number] {
  const [, operator = '', limit = ''] = /^\s*(>=|<=|>|<|)\s*(.*)$/.exec(text) ?? [];
  return { operator: operator === '' ? '=' : (operator as Operator), limit: numeric(limit) };
}

function numeric(value: Json): number {
  const number = tryNumeric(value);
  if (number === undefined)
    throw new ApiError('validation_error', { value: shownText(value) }, 'expected a date or number');
  return number;
}

function tryNumeric(value: Json): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseDate(value) : undefined;
}
