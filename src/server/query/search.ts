import { ApiError } from '../api-error.js';
import { COMPANY_NAME } from '../auth/accounts.js';
import type { ServerContext } from '../context.js';
import { asTexts, isObject, type JsonObject, valueAt } from '../json.js';
import {
  type Body,
  flag,
  integer,
  json,
  listOf,
  map,
  nullableText,
  refusedAs,
  text,
  texts,
  withDefault,
} from '../schema.js';
import type { Bindable } from '../storage/database.js';
import type { Narrowing, Stored } from '../storage/documents.js';
import { searchColumns } from './column-search.js';
import type { ListFilter } from './list-filter.js';
import { compareValues, type SortKey, sortKeys, sortValues } from './order.js';
import { type Condition, conditionsOf, listFilterOf, valuesAt } from './predicate.js';
import { project } from './projection.js';
import { type Kind, SEARCHABLE, type SearchableFields } from './searchable.js';

/** Documents in one answer, at most and by default. */
const MAX_PAGE = 500;

/** The fields of every query; further ones are filters, see `searchable.ts`. */
export const SEARCH = {
  page: withDefault({ ...integer, minimum: 0 }, 0),
  page_size: withDefault({ ...integer, minimum: 1 }, MAX_PAGE),
  order_by: texts,
  only_fields: refusedAs('invalid_fields', listOf(json)),
  projection: refusedAs('invalid_fields', listOf(json)),
  search_text: text,
  search_hidden: flag,
  scroll_id: nullableText,
  size: integer,
  filters: map,
  _any_: map,
  _or_: map,
  _all_: map,
  _and_: map,
} as const;

export type SearchQuery = Body<typeof SEARCH> & JsonObject;

export interface Source<T extends Stored> {
  kind: Kind;
  scan(narrowing: Narrowing): Iterable<T>;
  find(id: string): T | undefined;
  /** What `get_all_ex` does: each document has its `id`, asked for or not, and objects in the place of ids. */
  joined: boolean;
  /** The document as clients see it. */
  shown(document: T): JsonObject;
  /** Documents with this system tag are left out unless they are asked for by id, or hidden ones are asked for. */
  hiddenTag?: string;
  /** A query that shows hidden ones nevertheless. */
  revealedBy?(query: JsonObject): boolean;
  /** Whether the documents have columns that lists are made by. */
  hasColumns?: boolean;
}

export interface Found {
  documents: JsonObject[];
  /** `scroll_id` when the client scrolls. */
  scroll: JsonObject;
}

/** Answers a query (`get_all`): filter, order, one page or one portion of a scroll, projection. */
export function search<T extends Stored>(
  server: ServerContext,
  query: SearchQuery,
  source: Source<T>,
): Found {
  const paths = askedPaths(query, source);
  const present = (document: JsonObject) =>
    source.joined ? joined(server, source.kind, document, paths) : project(document, paths);
  const load = (ids: readonly string[]) =>
    ids
      .map((id) => source.find(id))
      .filter((document) => document !== undefined)
      .map((document) => present(source.shown(document)));
  const scrolls = 'scroll_id' in query && query.size !== undefined;
  if (!scrolls) return { documents: load(matchingIds(server, query, source, pageOf(query))), scroll: {} };
  const known = query.scroll_id ?? '';
  const scroll = server.scrolls.has(known)
    ? known
    : server.scrolls.open(matchingIds(server, query, source, ALL));
  const size = Math.min(Math.max(query.size ?? MAX_PAGE, 1), MAX_PAGE);
  return { documents: load(server.scrolls.take(scroll, size)), scroll: { scroll_id: scroll } };
}

/**
 * The fields to answer; none: all of them. An `id` that comes in any case cannot be excluded.
 *
 * @throws ApiError 400/14
 */
function askedPaths<T extends Stored>(query: SearchQuery, source: Source<T>): string[] {
  const list = asTexts(query.projection ?? query.only_fields);
  for (const path of list) assertKnown(path.replace(/^-/, ''), source);
  const hidden = SEARCHABLE[source.kind].hidden.map((field) => `-${field}`);
  const paths = source.joined ? list.filter((path) => path !== '-id') : list;
  if (!paths.some((path) => !path.startsWith('-'))) return [...paths, ...hidden];
  return source.joined ? ['id', ...paths] : paths;
}

/** Below a reference any path will do where references are joined; else it is a plain field. */
function assertKnown<T extends Stored>(path: string, { kind, joined: joins }: Source<T>): void {
  const { plain, sections, references } = SEARCHABLE[kind];
  const [head = '', ...below] = path.split('.');
  const isReference = Object.hasOwn(references, head);
  const known = plain.includes(head) || sections.includes(head) || isReference;
  const mayGoOn = below.length === 0 || sections.includes(head) || (isReference && joins);
  if (!known || !mayGoOn) throw new ApiError('invalid_fields', { field: path });
}

interface Window {
  offset: number;
  /** Negative: all. */
  limit: number;
}

const ALL: Window = { offset: 0, limit: -1 };

/** Ids of the matching documents, in order. Only sort values are held, not documents. */
function matchingIds<T extends Stored>(
  server: ServerContext,
  query: SearchQuery,
  source: Source<T>,
  window: Window,
): readonly string[] {
  const conditions = conditionsOf(query, SEARCHABLE[source.kind], server.patterns);
  const keys = sortKeys(query.order_by ?? []);
  const ids = plainIds(listFilterOf(query, 'id'));
  const showHidden = ids !== undefined || query.search_hidden || source.revealedBy?.(query) === true;
  const all =
    showHidden || source.hiddenTag === undefined ? conditions : [...conditions, lacks(source.hiddenTag)];
  const found =
    source.hasColumns !== true || ids !== undefined
      ? undefined
      : searchColumns(server.database, { conditions: all, keys, ...window });
  if (found === undefined || found.isUnordered) {
    const given = found?.ids ?? ids;
    const candidates =
      given === undefined ? source.scan(narrowing(query, SEARCHABLE[source.kind])) : byId(given, source);
    const odd = found === undefined ? [] : matching(byId(found.odd, source), all);
    const known = found === undefined ? matching(candidates, all) : candidates;
    const sorted = sortedIds([known, odd], keys);
    server.patterns.assertSettled();
    return window.limit < 0 ? sorted : sorted.slice(window.offset, window.offset + window.limit);
  }
  server.patterns.assertSettled();
  return found.ids;
}

function lacks(tag: string): Condition {
  return valuesAt('system_tags', { not: { has: tag } });
}

function* matching<T extends Stored>(
  candidates: Iterable<T>,
  conditions: readonly Condition[],
): Generator<T> {
  for (const document of candidates) if (conditions.every(({ matches }) => matches(document))) yield document;
}

function sortedIds<T extends Stored>(parts: readonly Iterable<T>[], keys: readonly SortKey[]): string[] {
  const found: { id: string; values: ReturnType<typeof sortValues> }[] = [];
  for (const part of parts)
    for (const document of part) found.push({ id: document.id, values: sortValues(document, keys) });
  return found.sort((a, b) => compareValues(a.values, b.values, keys)).map(({ id }) => id);
}

function pageOf({ page, page_size }: SearchQuery): Window {
  const limit = Math.min(page_size, MAX_PAGE);
  // SQLite takes integers only; no list is that long.
  return { offset: Math.min(page * limit, Number.MAX_SAFE_INTEGER - limit), limit };
}

/** The ids of a filter that only lists ids, which needs no scan. */
function plainIds(filter: ListFilter | undefined): string[] | undefined {
  if (filter === undefined || filter.all.length > 0 || filter.any.length === 0) return undefined;
  return [...new Set(filter.any.filter((id) => id !== null))];
}

function* byId<T extends Stored>(ids: readonly string[], source: Source<T>): Generator<T> {
  for (const id of ids) {
    const document = source.find(id);
    if (document !== undefined) yield document;
  }
}

/** Columns cut a scan short for the commonest filters: plain lists without empty ones. */
function narrowing(query: SearchQuery, fields: SearchableFields): Narrowing {
  const parts: string[] = ['1'];
  const parameters: Bindable[] = [];
  for (const column of fields.columns) {
    const wanted = listFilterOf(query, column)?.any ?? [];
    if (wanted.length === 0 || wanted.includes(null)) continue;
    parts.push(`${column} IN (SELECT value FROM json_each(?))`);
    parameters.push(JSON.stringify(wanted));
  }
  return { where: parts.join(' AND '), parameters };
}

/**
 * The part of a document that was asked for, with an object in the place of each id that points to another
 * document: `{id}`, and with the path `project.name` `{id, name}`. No paths: everything.
 */
function joined(
  server: ServerContext,
  kind: Kind,
  document: JsonObject,
  paths: readonly string[],
): JsonObject {
  const { references } = SEARCHABLE[kind];
  const fields = Object.keys(references);
  const own = paths.map((path) => fields.find((field) => path.startsWith(`${field}.`)) ?? path);
  let result = project(document, own);
  for (const [field, target] of Object.entries(references)) {
    const id = valueAt(result, field);
    if (typeof id !== 'string') continue;
    const below = paths
      .filter((path) => path.startsWith(`${field}.`))
      .map((path) => path.slice(field.length + 1));
    result = replaced(result, field, reference(server, target, id, below));
  }
  return result;
}

function reference(server: ServerContext, kind: Kind, id: string, paths: readonly string[]): JsonObject {
  const found = kind === 'companies' ? { id, name: COMPANY_NAME } : server[kind].find(id);
  if (found === undefined || paths.length === 0) return { id };
  return joined(server, kind, found, ['id', ...paths]);
}

function replaced(document: JsonObject, path: string, value: JsonObject): JsonObject {
  const [head = '', ...rest] = path.split('.');
  const inner = document[head];
  if (rest.length === 0) return { ...document, [head]: value };
  return isObject(inner) ? { ...document, [head]: replaced(inner, rest.join('.'), value) } : document;
}
