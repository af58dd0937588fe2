import { ApiError } from '../api-error.js';
import {
  asObject,
  asText,
  asTexts,
  isObject,
  type Json,
  type JsonObject,
  shownText,
  valueAt,
} from '../json.js';
import {
  fieldFilter,
  type ListFilter,
  listTest,
  parseListFilter,
  passes,
  type ValueTest,
} from './list-filter.js';
import { literalsOf } from './patterns/literals.js';
import type { Patterns } from './patterns/patterns.js';
import { type Bounds, dateBounds, isWithin, rangeBounds } from './ranges.js';
import type { SearchableFields } from './searchable.js';
import { textsAt } from './values-at.js';

export type Predicate = (document: JsonObject) => boolean;

/** One condition of a query, and what an index can know of it. */
export interface Condition {
  matches: Predicate;
  /** The paths that it reads. */
  paths: readonly string[];
  /** It is this test of the values at its one path. */
  values?: ValueTest;
  /** It is these bounds of the value at its one path. */
  bounds?: Bounds;
  /** Texts, each of which is somewhere at its paths in every document that matches, but for its case. */
  literals?: readonly string[];
}

/** The condition that the fields of a query state together. */
export function predicateOf(query: JsonObject, fields: SearchableFields, patterns: Patterns): Predicate {
  const conditions = conditionsOf(query, fields, patterns);
  return (document) => conditions.every(({ matches }) => matches(document));
}

/** The conditions of a query, all of which a document has to satisfy. */
export function conditionsOf(query: JsonObject, fields: SearchableFields, patterns: Patterns): Condition[] {
  return [
    ...namedConditions(query, fields, patterns),
    ...combined(
      query,
      fields,
      patterns,
      ['_any_', '_or_'],
      (checks) => (document) => checks.some(({ matches }) => matches(document)),
    ),
    ...combined(
      query,
      fields,
      patterns,
      ['_all_', '_and_'],
      (checks) => (document) => checks.every(({ matches }) => matches(document)),
    ),
    ...filters(asObject(query.filters), fields),
    ...fullText(asText(query.search_text)),
  ];
}

/** The list filter of a field of a query, if it has one. */
export function listFilterOf(query: JsonObject, field: string): ListFilter | undefined {
  const value = query[field];
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) && value.length === 0 ? undefined : parseListFilter(value);
}

function namedConditions(query: JsonObject, fields: SearchableFields, patterns: Patterns): Condition[] {
  const conditions: Condition[] = [];
  for (const [name, value] of Object.entries(query)) {
    const empty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
    const make = empty ? undefined : READERS.find(([kind]) => covers(fields[kind], name))?.[1];
    if (make !== undefined && !empty) conditions.push(make(pathOf(name), value, patterns));
  }
  return conditions;
}

type Reader = (name: string, value: Json, patterns: Patterns) => Condition;

const READERS: readonly ['patterns' | 'dates' | 'ranges' | 'lists' | 'values', Reader][] = [
  ['patterns', patternCondition],
  ['dates', (name, value) => boundsAt(name, dateBounds(value))],
  ['ranges', (name, value) => boundsAt(name, rangeBounds(value))],
  ['lists', listCondition],
  ['values', listCondition],
];

function patternCondition(name: string, value: Json, patterns: Patterns): Condition {
  const pattern = patterns.compile(shownText(value));
  return {
    matches: (document) => textsAt(document, name).some((text) => pattern.test(text)),
    paths: [name],
    literals: literalsOf(shownText(value)),
  };
}

function listCondition(name: string, value: Json): Condition {
  return valuesAt(name, listTest(parseListFilter(value)));
}

/** The condition that the values at a path pass a test. */
export function valuesAt(path: string, values: ValueTest): Condition {
  return { matches: (document) => passes(textsAt(document, path), values), paths: [path], values };
}

function boundsAt(path: string, bounds: Bounds): Condition {
  return { matches: (document) => isWithin(bounds, valueAt(document, path)), paths: [path], bounds };
}

function combined(
  query: JsonObject,
  searchable: SearchableFields,
  patterns: Patterns,
  names: readonly string[],
  join: (checks: Condition[]) => Predicate,
): Condition[] {
  return names
    .filter((name) => isObject(query[name]))
    .flatMap((name) => {
      const { fields, pattern, datetime, ...others } = asObject(query[name]);
      if (Object.keys(others).length > 0 || (pattern ?? datetime ?? null) === null)
        throw new ApiError(
          'fields_value_error',
          { field: name },
          'expected fields, and a pattern or datetime',
        );
      // Only some dates are compared here; a query of other ones finds everything.
      const isText = pattern !== undefined && pattern !== null;
      const paths = asTexts(fields).filter((path) => isText || searchable.dates.includes(path));
      if (paths.length === 0) return [];
      const matches = join(paths.map(multiFieldCondition(patterns, pattern, datetime)));
      return [{ matches, paths, ...(isText ? { literals: literalsOf(shownText(pattern)) } : {}) }];
    });
}

function multiFieldCondition(
  patterns: Patterns,
  pattern: Json | undefined,
  datetime: Json | undefined,
): (path: string) => Condition {
  if (pattern === undefined || pattern === null) {
    const bounds = dateBounds(datetime ?? []);
    return (path) => boundsAt(path, bounds);
  }
  const expression = patterns.compile(shownText(pattern), { ignoreCase: true });
  return (path) => ({
    matches: (document) => textsAt(document, path).some((text) => expression.test(text)),
    paths: [path],
  });
}

/** Filters of fields that are no lists are ignored. */
function filters(all: JsonObject, fields: SearchableFields): Condition[] {
  return Object.entries(all)
    .filter(([path, filter]) => covers(fields.lists, path) && (filter ?? null) !== null)
    .map(([path, filter]) => valuesAt(pathOf(path), fieldFilter(path, filter ?? null)));
}

/** Fields that a full-text search looks in. */
const TEXT_FIELDS = ['id', 'name', 'comment', 'description', 'report', 'tags'];

function fullText(text: string | undefined): Condition[] {
  if (text === undefined || text.trim() === '') return [];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (document: JsonObject) => {
    const content = TEXT_FIELDS.flatMap((field) => textsAt(document, field))
      .join('\n')
      .toLowerCase();
    return words.every((word) => content.includes(word));
  };
  return [{ matches, paths: TEXT_FIELDS, literals: words }];
}

/**
 * The path that a field of a query means. Of metadata, keys have their dots as `%2E`, and nothing is below a value.
 *
 * @throws ApiError 400/12
 */
function pathOf(name: string): string {
  if (!name.startsWith('metadata.')) return name;
  if (name.split('.').length > 3) throw new ApiError('validation_error', { path: name }, 'invalid field');
  return name.replaceAll('%2E', '.');
}

function covers(names: readonly string[], name: string): boolean {
  return names.some((each) => each === name || (each.endsWith('.*') && name.startsWith(each.slice(0, -1))));
}
