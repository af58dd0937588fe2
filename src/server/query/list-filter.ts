import { asObject, type Json, type JsonObject } from '../json.js';

/** null stands for "empty or missing". */
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
    filter[bucket].push(excluded ? String(item).slice(1) : wanted(item));
    next = undefined;
  }
  return filter;
}

/** Whether the values of a field (none: it is empty) satisfy a filter. */
export function matchesList(values: readonly string[], filter: ListFilter): boolean {
  const has = (one: Wanted) => (one === null ? values.length === 0 : values.includes(one));
  return (filter.any.length === 0 || filter.any.some(has)) && filter.all.every(has) && !filter.none.some(has);
}

/** The form of `filters`: `{any: {include, exclude}, all: {include, exclude}, op}`. */
export function matchesFieldFilter(values: readonly string[], filter: JsonObject): boolean {
  const has = (one: Wanted) => (one === null ? values.length === 0 : values.includes(one));
  const any = sides(filter.any);
  const all = sides(filter.all);
  const results = [
    ...all.include.map(has),
    ...all.exclude.map((one) => !has(one)),
    ...(any.include.length + any.exclude.length === 0
      ? []
      : [any.include.some(has) || any.exclude.some((one) => !has(one))]),
  ];
  if (results.length === 0) return true;
  return filter.op === 'or' ? results.some(Boolean) : results.every(Boolean);
}

function sides(value: Json | undefined): { include: Wanted[]; exclude: Wanted[] } {
  const { include, exclude } = asObject(value);
  const list = (side: Json | undefined) => (Array.isArray(side) ? side.map(wanted) : []);
  return { include: list(include), exclude: list(exclude) };
}

function wanted(value: Json): Wanted {
  return value === null ? null : String(value);
}
