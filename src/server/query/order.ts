import { type Json, type JsonObject, valueAt } from '../json.js';

export interface SortKey {
  path: string;
  descending: boolean;
}

/** Reads `order_by`; without it the oldest comes first. `id` comes last, so that pages never overlap. */
export function sortKeys(orderBy: readonly string[]): SortKey[] {
  const asked = orderBy
    .map((each) => each.trim())
    .filter((each) => each !== '' && each !== '-')
    .map((each) => ({ path: each.replace(/^[-+]/, ''), descending: each.startsWith('-') }));
  const keys = asked.length === 0 ? [{ path: 'created', descending: false }] : asked;
  return [...keys, { path: 'id', descending: false }];
}

/** The values that a document is sorted by. */
export function sortValues(document: JsonObject, keys: readonly SortKey[]): (Json | undefined)[] {
  return keys.map(({ path }) => valueAt(document, path));
}

/** Compares such values; empty ones come last either way. */
export function compareValues(
  a: readonly (Json | undefined)[],
  b: readonly (Json | undefined)[],
  keys: readonly SortKey[],
): number {
  for (const [index, { descending }] of keys.entries()) {
    const result = compare(a[index], b[index], descending);
    if (result !== 0) return result;
  }
  return 0;
}

function compare(a: Json | undefined, b: Json | undefined, descending: boolean): number {
  const aEmpty = isEmpty(a);
  const bEmpty = isEmpty(b);
  if (aEmpty || bEmpty) return Number(aEmpty) - Number(bEmpty);
  const [x, y] = typeof a === 'number' && typeof b === 'number' ? [a, b] : [textOf(a), textOf(b)];
  if (x === y) return 0;
  return x < y === descending ? 1 : -1;
}

function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
