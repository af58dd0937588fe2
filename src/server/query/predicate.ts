import { ApiError } from '../api-error.js';
import { asObject, asText, asTexts, isObject, type Json, type JsonObject, valueAt } from '../json.js';
import { fieldFilter, type ListFilter, matchesList, parseListFilter } from './list-filter.js';
import type { Patterns } from './patterns/patterns.js';
import { dateCheck, rangeCheck } from './ranges.js';
import type { SearchableFields } from './searchable.js';

export type Predicate = (document: JsonObject) => boolean;

/** The condition that the fields of a query state together. */
export function predicateOf(query: JsonObject, fields: SearchableFields, patterns: Patterns): Predicate {
  const conditions = [
    ...namedConditions(query, fields, patterns),
    ...combined(
      query,
      fields,
      patterns,
      ['_any_', '_or_'],
      (checks) => (document) => checks.some((check) => check(document)),
    ),
    ...combined(
      query,
      fields,
      patterns,
      ['_all_', '_and_'],
      (checks) => (document) => checks.every((check) => check(document)),
    ),
    ...filters(asObject(query.filters), fields),
    ...fullText(asText(query.search_text)),
  ];
  return (document) => conditions.every((condition) => condition(document));
}

/** The list filter of a field of a query, if it has one. */
export function listFilterOf(query: JsonObject, field: string): ListFilter | undefined {
  const value = query[field];
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) && value.length === 0 ? undefined : parseListFilter(value);
}

function namedConditions(query: JsonObject, fields: SearchableFields, patterns: Patterns): Predicate[] {
  const conditions: Predicate[] = [];
  for (const [name, value] of Object.entries(query)) {
    const empty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
    const make = empty ? undefined : READERS.find(([kind]) => covers(fields[kind], name))?.[1];
    if (make !== undefined && !empty) conditions.push(make(pathOf(name), value, patterns));
  }
  return conditions;
}

type Reader = (name: string, value: Json, patterns: Patterns) => Predicate;

const READERS: readonly ['patterns' | 'dates' | 'ranges' | 'lists' | 'values', Reader][] = [
  ['patterns', patternCondition],
  ['dates', (name, value) => checkAt(name, dateCheck(value))],
  ['ranges', (name, value) => checkAt(name, rangeCheck(value))],
  ['lists', listCondition],
  ['values', listCondition],
];

function patternCondition(name: string, value: Json, patterns: Patterns): Predicate {
  const pattern = patterns.compile(String(value));
  return (document) => textsAt(document, name).some((text) => pattern.test(text));
}

function listCondition(name: string, value: Json): Predicate {
  const filter = parseListFilter(value);
  return (document) => matchesList(textsAt(document, name), filter);
}

function checkAt(name: string, check: (value: Json | undefined) => boolean): Predicate {
  return (document) => check(valueAt(document, name));
}

function combined(
  query: JsonObject,
  searchable: SearchableFields,
  patterns: Patterns,
  names: readonly string[],
  join: (checks: Predicate[]) => Predicate,
): Predicate[] {
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
      return paths.length === 0 ? [] : [join(paths.map(multiFieldCondition(patterns, pattern, datetime)))];
    });
}

function multiFieldCondition(
  patterns: Patterns,
  pattern: Json | undefined,
  datetime: Json | undefined,
): (path: string) => Predicate {
  if (pattern === undefined || pattern === null) {
    const check = dateCheck(datetime ?? []);
    return (path) => checkAt(path, check);
  }
  const expression = patterns.compile(String(pattern), { ignoreCase: true });
  return (path) => (document) => textsAt(document, path).some((text) => expression.test(text));
}

/** Filters of fields that are no lists are ignored. */
function filters(all: JsonObject, fields: SearchableFields): Predicate[] {
  return Object.entries(all)
    .filter(([path, filter]) => covers(fields.lists, path) && (filter ?? null) !== null)
    .map(([path, filter]) => {
      const matches = fieldFilter(path, filter ?? null);
      const place = pathOf(path);
      return (document) => matches(textsAt(document, place));
    });
}

/** Fields that a full-text search looks in. */
const TEXT_FIELDS = ['id', 'name', 'comment', 'description', 'report', 'tags'];

function fullText(text: string | undefined): Predicate[] {
  if (text === undefined || text.trim() === '') return [];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return [
    (document) => {
      const content = TEXT_FIELDS.flatMap((field) => textsAt(document, field))
        .join('\n')
        .toLowerCase();
      return words.every((word) => content.includes(word));
    },
  ];
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

/** The texts at a path: of a list, of each of its items; of a parameter, its value. */
function textsAt(value: Json | undefined, path: string): string[] {
  if (isObject(value)) {
    const found = valueAt(value, path);
    if (found !== undefined) return texts(found);
    const dot = path.lastIndexOf('.');
    const list = dot === -1 ? undefined : valueAt(value, path.slice(0, dot));
    return Array.isArray(list) ? list.flatMap((item) => textsAt(item, path.slice(dot + 1))) : [];
  }
  return [];
}

function texts(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(texts);
  if (isObject(value)) return value.value === undefined ? [] : texts(value.value);
  return value === null || value === '' ? [] : [String(value)];
}
