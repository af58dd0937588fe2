import { ApiError } from '../api-error.js';
import { isObject, type Json, shownText } from '../json.js';

/** null means "empty or missing". */
export type Wanted = string | null;

/** What the values of a field must be, after the operators of a list are read. */
export interface ListFilter {
  any: readonly Wanted[];
  all: readonly Wanted[];
  none: readonly Wanted[];
}

type Bucket = keyof ListFilter;

/** Operators inside a list; a sticky one holds for all values after it, the others for the next one. */
const OPERATORS: Readonly<Record<string, { bucket: Bucket; sticky: boolean }>> = {
  __$all: { bucket: 'all', sticky: true },
  __$and: { bucket: 'all', sticky: true },
  __$any: { bucket: 'any', sticky: true },
  __$or: { bucket: 'any', sticky: true },
  __$not: { bucket: 'none', sticky: false },
  __$nop: { bucket: 'any', sticky: false },
};

/** Reads one value or a list: `["a", "-b", null, "__$all", "c", "__$not", "d"]`. */
export function parseListFilter(value: Json): ListFilter {
  const filter: Record<Bucket, Wanted[]> = { any: [], all: [], none: [] };
  let sticky: Bucket = 'any';
  let next: Bucket | undefined;
  for (const item of Array.isArray(value) ? value : [value]) {
    const operator = typeof item === 'string' && Object.hasOwn(OPERATORS, item) ? OPERATORS[item] : undefined;
    if (operator?.sticky) sticky = operator.bucket;
    next = operator === undefined || operator.sticky ? next : operator.bucket;
    if (operator !== undefined) continue;
    const excluded = next === undefined && typeof item === 'string' && item.startsWith('-');
    const bucket: Bucket = excluded ? 'none' : (next ?? sticky);
    filter[bucket].push(excluded ? shownText(item).slice(1) : wanted(item));
    next = undefined;
  }
  return filter;
}

/** A condition on the values of a field. */
export type ValueTest =
  | { has: Wanted }
  | { every: readonly ValueTest[] }
  | { some: readonly ValueTest[] }
  | { not: ValueTest };

export function listTest({ any, all, none }: ListFilter): ValueTest {
  return {
    every: [
      ...(any.length === 0 ? [] : [{ some: any.map(has) }]),
      ...all.map(has),
      ...none.map((one) => ({ not: has(one) })),
    ],
  };
}

/** Whether the values of a field (none: it is empty) satisfy a test. */
export function passes(values: readonly string[], test: ValueTest): boolean {
  if ('has' in test) return test.has === null ? values.length === 0 : values.includes(test.has);
  if ('every' in test) return test.every.every((each) => passes(values, each));
  if ('some' in test) return test.some.some((each) => passes(values, each));
  return !passes(values, test.not);
}

function has(one: Wanted): ValueTest {
  return { has: one };
}

/**
 * Reads the form of `filters`: `{any: {include, exclude}, all: {include, exclude}, op}`.
 *
 * @throws ApiError 400/12
 */
export function fieldFilter(field: string, filter: Json): ValueTest {
  if (!isObject(filter)) throw new ApiError('validation_error', { field }, 'expected an object');
  const unknown = Object.keys(filter).find((key) => !['any', 'all', 'op'].includes(key));
  const { op = 'and' } = filter;
  if (unknown !== undefined || (op !== 'and' && op !== 'or'))
    throw new ApiError('validation_error', { field }, 'expected any, all, and op "and" or "or"');
  const any = sides(field, filter.any);
  const all = sides(field, filter.all);
  const tests: ValueTest[] = [
    ...(any.include.length + any.exclude.length === 0
      ? []
      : [{ some: [...any.include.map(has), ...any.exclude.map((one) => ({ not: has(one) }))] }]),
    ...(all.include.length + all.exclude.length === 0
      ? []
      : [{ every: [...all.include.map(has), ...all.exclude.map((one) => ({ not: has(one) }))] }]),
  ];
  return op === 'or' && tests.length > 0 ? { some: tests } : { every: tests };
}

function sides(field: string, value: Json | undefined): { include: Wanted[]; exclude: Wanted[] } {
  const given = value ?? {};
  const list = (side: Json | undefined) => (Array.isArray(side) ? side.map(wanted) : []);
  if (isObject(given) && Object.keys(given).every((key) => key === 'include' || key === 'exclude'))
    return { include: list(given.include), exclude: list(given.exclude) };
  throw new ApiError('validation_error', { field }, 'expected include and exclude');
}

function wanted(value: Json): Wanted {
  return value === null ? null : shownText(value);
}
