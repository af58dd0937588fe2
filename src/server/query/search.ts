import { ApiError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import type { JsonObject } from '../json.js';
import type { Params } from '../params.js';
import type { Bindable } from '../storage/database.js';
import type { Narrowing, Stored } from '../storage/documents.js';
import type { ListFilter } from './list-filter.js';
import { compareValues, sortKeys, sortValues } from './order.js';
import { listFilterOf, predicateOf } from './predicate.js';
import { project } from './projection.js';
import type { SearchableFields } from './searchable.js';

/** Documents in one answer, at most and by default. */
const MAX_PAGE = 500;

export interface Source<T extends Stored> {
  fields: SearchableFields;
  scan(narrowing: Narrowing): Iterable<T>;
  find(id: string): T | undefined;
  /** Each document has its `id`, asked for or not: what `get_all_ex` does. */
  withId?: boolean;
  /** The document as clients see it; `paths` are those asked for. */
  shown(document: T, paths: readonly string[]): JsonObject;
  /** Left out unless it is asked for by id, or hidden ones are asked for. */
  isHidden?(document: T): boolean;
  /** A query that shows hidden ones nevertheless. */
  revealedBy?(params: Params): boolean;
  /** A condition of the endpoint's own. */
  also?(document: T): boolean;
}

export interface Found {
  documents: JsonObject[];
  /** `scroll_id` when the client scrolls. */
  scroll: JsonObject;
}

/** Answers a query (`get_all`): filter, order, one page or one portion of a scroll, projection. */
export function search<T extends Stored>(server: ServerContext, params: Params, source: Source<T>): Found {
  const paths = askedPaths(params, source.withId === true);
  const load = (ids: readonly string[]) =>
    ids
      .map((id) => source.find(id))
      .filter((document) => document !== undefined)
      .map((document) => project(source.shown(document, paths), paths));
  const scrolls = 'scroll_id' in params.fields && params.has('size');
  if (!scrolls) return { documents: load(page(params, matchingIds(params, source))), scroll: {} };
  const scroll = params.optionalText('scroll_id') || server.scrolls.open(matchingIds(params, source));
  const size = Math.min(Math.max(params.integer('size', MAX_PAGE), 1), MAX_PAGE);
  return { documents: load(server.scrolls.take(scroll, size)), scroll: { scroll_id: scroll } };
}

/** The fields to answer; none: all of them. An `id` that comes in any case cannot be excluded. */
function askedPaths(params: Params, withId: boolean): string[] {
  const asked = [...params.texts('only_fields'), ...params.texts('projection')];
  if (!withId) return asked;
  const paths = asked.filter((path) => path !== '-id');
  return paths.some((path) => !path.startsWith('-')) ? ['id', ...paths] : paths;
}

/** Ids of all matching documents, in order. Only sort values are held, not documents. */
export function matchingIds<T extends Stored>(params: Params, source: Source<T>): string[] {
  const matches = predicateOf(params, source.fields);
  const keys = sortKeys(params.texts('order_by'));
  const ids = plainIds(listFilterOf(params, 'id'));
  const showHidden =
    ids !== undefined || params.flag('search_hidden') || source.revealedBy?.(params) === true;
  const found: { id: string; values: ReturnType<typeof sortValues> }[] = [];
  const candidates = ids === undefined ? source.scan(narrowing(params, source.fields)) : byId(ids, source);
  for (const document of candidates) {
    const visible = showHidden || source.isHidden?.(document) !== true;
    if (visible && matches(document) && source.also?.(document) !== false) {
      found.push({ id: document.id, values: sortValues(document, keys) });
    }
  }
  return found.sort((a, b) => compareValues(a.values, b.values, keys)).map(({ id }) => id);
}

function page(params: Params, ids: readonly string[]): readonly string[] {
  const number = params.integer('page', 0);
  const size = params.integer('page_size', MAX_PAGE);
  if (number < 0 || size < 1)
    throw new ApiError('validation_error', { page: number, page_size: size }, 'bad paging');
  const length = Math.min(size, MAX_PAGE);
  return ids.slice(number * length, (number + 1) * length);
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
function narrowing(params: Params, fields: SearchableFields): Narrowing {
  const parts: string[] = ['1'];
  const parameters: Bindable[] = [];
  for (const column of fields.columns) {
    const wanted = listFilterOf(params, column)?.any ?? [];
    if (wanted.length === 0 || wanted.includes(null)) continue;
    parts.push(`${column} IN (SELECT value FROM json_each(?))`);
    parameters.push(JSON.stringify(wanted));
  }
  return { where: parts.join(' AND '), parameters };
}
