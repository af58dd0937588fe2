import type { JsonObject } from '../json.js';
import type { Bindable, Database } from '../storage/database.js';
import { type ColumnPlan, orderSql, planOf } from './column-plan.js';
import type { SortKey } from './order.js';
import { type ParameterOrder, parameterOrder, rowsByParameter } from './parameter-order.js';
import type { Condition } from './predicate.js';
import { joined, type Sql } from './term-sql.js';

/** Rows that are counted before a query, at most: beyond it, one in ten of a large list, the order decides. */
const MAX_COUNTED = 10_000;
/** Tasks that are looked at one by one beside the columns, at most. */
const MAX_ODD = 1000;
/** One in so many rows is few: their documents are read to order them, if no column does. */
const FEW = 100;
/** Documents that are checked at once; each portion is larger than the one before. */
const FIRST_PORTION = 500;
const LARGER = 4;

export interface ColumnQuery {
  conditions: readonly Condition[];
  keys: readonly SortKey[];
  /** The first of the matching documents to answer, and how many. */
  offset: number;
  limit: number;
}

export interface ColumnAnswer {
  ids: string[];
  /** Whether they are in no order: a key of the order is no column, or some tasks are left out. */
  isUnordered: boolean;
  /** Ids of tasks with values that columns cannot hold, which may match, too. */
  odd: string[];
}

/**
 * The matching tasks by their columns. Unordered ones are all that match, or as many as the page takes from the beginning
 * if some are left out; `undefined` if that are many.
 */
export function searchColumns(database: Database, query: ColumnQuery): ColumnAnswer | undefined {
  const odd = database
    .all(`SELECT id FROM task_columns WHERE odd LIMIT ${MAX_ODD + 1}`)
    .map(({ id }) => String(id));
  if (odd.length > MAX_ODD) return undefined;
  const order = orderSql(query.keys);
  const page = odd.length === 0 || query.limit < 0 ? query : { offset: 0, limit: query.offset + query.limit };
  const window = order === undefined ? { offset: 0, limit: -1 } : page;
  const plan = planOf(database, query.conditions);
  if (odd.length > 0) plan.columns.push({ text: 'c.odd IS NULL', bound: [] });
  const parameter =
    order === undefined && odd.length === 0 && page.limit >= 0 && !isFew(database, plan)
      ? parameterOrder(database, query.keys)
      : undefined;
  if (parameter !== undefined)
    return { ids: idsByParameter(database, plan, { parameter, ...page }), isUnordered: false, odd };
  const source = sourceOf(database, plan, window);
  const request = { source, order: order ?? 'c.row', window };
  const ids = idsOf(database, plan, request);
  return { ids, isUnordered: order === undefined || odd.length > 0, odd };
}

interface Request {
  source: Sql;
  order: string;
  window: { offset: number; limit: number };
}

function idsOf(database: Database, plan: ColumnPlan, request: Request): string[] {
  return plan.rest.length === 0 ? exactIds(database, request) : checkedIds(database, plan, request);
}

function isFew(database: Database, plan: ColumnPlan): boolean {
  const counts = [...plan.sets.map(({ rows }) => rows), plan.texts].map((rows) => counted(database, rows));
  return Math.min(...counts) * FEW <= rowsOf(database);
}

interface ByParameter {
  parameter: ParameterOrder;
  offset: number;
  limit: number;
}

function idsByParameter(
  database: Database,
  plan: ColumnPlan,
  { parameter, offset, limit }: ByParameter,
): string[] {
  const texts = plan.texts === undefined ? [] : [within(plan.texts)];
  const conditions = [...plan.sets.map((set) => set.holds('c')), ...plan.columns, ...texts, TRUE];
  const ids: string[] = [];
  for (const rows of rowsByParameter(parameter, joined(conditions, ' AND '))) {
    const missing = offset + limit - ids.length;
    if (missing > 0) ids.push(...idsOf(database, plan, { ...rows, window: { offset: 0, limit: missing } }));
  }
  return ids.slice(offset);
}

function within({ text, bound }: Sql): Sql {
  return { text: `c.row IN (${text})`, bound };
}

/** One list as one value is several times faster to read than its rows. */
function exactIds(database: Database, { source, order, window }: Request): string[] {
  const sql = `SELECT json_group_array(id) AS ids FROM
    (SELECT c.id ${source.text} ORDER BY ${order} LIMIT ? OFFSET ?)`;
  return JSON.parse(String(database.get(sql, ...source.bound, window.limit, window.offset)?.ids ?? '[]'));
}

function checkedIds(database: Database, plan: ColumnPlan, { source, order, window }: Request): string[] {
  const { offset, limit } = window;
  const wanted = limit < 0 ? Number.POSITIVE_INFINITY : offset + limit;
  const document = plan.needsBody ? '(SELECT body FROM tasks WHERE id = c.id)' : 'c.lite';
  const sql = `SELECT '[' || group_concat(document, ',') || ']' AS documents FROM
    (SELECT ${document} AS document ${source.text} ORDER BY ${order} LIMIT ? OFFSET ?)`;
  const ids: string[] = [];
  let portion = FIRST_PORTION;
  for (let seen = 0; ids.length < wanted; seen += portion, portion *= LARGER) {
    const text = database.get(sql, ...source.bound, portion, seen)?.documents;
    const documents: (JsonObject & { id: string })[] = JSON.parse(String(text ?? '[]'));
    for (const each of documents) if (plan.rest.every((matches) => matches(each))) ids.push(each.id);
    if (documents.length < portion) break;
  }
  return ids.slice(offset, wanted);
}

/** `FROM` and `WHERE`: from the smallest set of rows, or through the whole list in its order if that ends sooner. */
function sourceOf(database: Database, plan: ColumnPlan, window: { offset: number; limit: number }): Sql {
  const sets = plan.sets.map((set) => ({ set, count: counted(database, set.rows) }));
  const texts = counted(database, plan.texts);
  const smallest = sets.reduce((least, each) => (each.count < least.count ? each : least), {
    set: undefined as ColumnPlan['sets'][number] | undefined,
    count: Number.POSITIVE_INFINITY,
  });
  const isByText = plan.texts !== undefined && texts <= smallest.count;
  const start = isByText ? plan.texts : smallest.set?.rows;
  const others = isByText ? plan.sets : plan.sets.filter((set) => set !== smallest.set);
  const count = start === undefined ? 0 : both(database, start, others);
  if (start !== undefined && isSooner(database, count, window)) {
    const where = joined([...others.map((set) => set.holds('s')), ...plan.columns, TRUE], ' AND ');
    return {
      text: `FROM (${start.text}) s CROSS JOIN task_columns c ON c.row = s.row WHERE ${where.text}`,
      bound: [...start.bound, ...where.bound],
    };
  }
  const where = joined([...plan.sets.map((set) => set.holds('c')), ...plan.columns, TRUE], ' AND ');
  return { text: `FROM task_columns c WHERE ${where.text}`, bound: where.bound };
}

const TRUE: Sql = { text: '1', bound: [] };

/** Rows of a set, up to a limit. */
function counted(database: Database, rows: Sql | undefined): number {
  if (rows === undefined) return Number.POSITIVE_INFINITY;
  return countRows(database, {
    text: `SELECT row FROM (${rows.text}) LIMIT ${MAX_COUNTED}`,
    bound: rows.bound,
  });
}

/** Rows of a set that are in all others, too, up to a limit. */
function both(database: Database, start: Sql, others: ColumnPlan['sets']): number {
  const where = joined([...others.map((set) => set.holds('s')), TRUE], ' AND ');
  return countRows(database, {
    text: `SELECT row FROM (${start.text}) s WHERE ${where.text} LIMIT ${MAX_COUNTED}`,
    bound: [...start.bound, ...where.bound],
  });
}

function countRows(database: Database, { text, bound }: Sql): number {
  const row = database.get(`SELECT count(*) AS n FROM (${text})`, ...(bound as Bindable[]));
  return Number(row?.n ?? 0);
}

/** Whether ordering so many rows costs less than to walk through the order until the last row that is wanted. */
function isSooner(
  database: Database,
  count: number,
  { offset, limit }: { offset: number; limit: number },
): boolean {
  if (limit < 0) return true;
  return count * count <= (offset + limit) * rowsOf(database);
}

function rowsOf(database: Database): number {
  return Number(database.get('SELECT max(row) AS n FROM task_columns')?.n ?? 0);
}
