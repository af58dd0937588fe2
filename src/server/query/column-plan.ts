import { CONTENT_FIELDS, folded, LITE_FIELDS, TASK_COLUMNS } from '../storage/column-values.js';
import type { Database } from '../storage/database.js';
import type { SortKey } from './order.js';
import type { Condition, Predicate } from './predicate.js';
import type { Bounds } from './ranges.js';
import { joined, type Sql, type TermSet, termSets } from './term-sql.js';

/** A query of `task_columns c`: conditions in SQL, and those that are checked on each document that is left. */
export interface ColumnPlan {
  /** Sets of rows that a query may start from. */
  sets: TermSet[];
  /** Conditions on columns. */
  columns: Sql[];
  /** Rows whose texts may match; some of them do not. */
  texts?: Sql;
  rest: Predicate[];
  /** Whether the rest needs whole documents. */
  needsBody: boolean;
}

export function planOf(database: Database, conditions: readonly Condition[]): ColumnPlan {
  const plan: ColumnPlan = { sets: [], columns: [], rest: [], needsBody: false };
  const trigrams = new Set<string>();
  for (const condition of conditions) {
    const [path = '', ...others] = condition.paths;
    const sets =
      condition.values === undefined || others.length > 0
        ? undefined
        : termSets(database, path, condition.values);
    const bounds = condition.bounds === undefined ? undefined : boundsSql(path, condition.bounds);
    if (sets !== undefined) plan.sets.push(...sets);
    else if (bounds !== undefined) plan.columns.push(bounds);
    else {
      plan.rest.push(condition.matches);
      plan.needsBody ||= !isWithin(condition.paths, LITE_FIELDS);
      if (isWithin(condition.paths, CONTENT_FIELDS))
        for (const literal of condition.literals ?? []) addTrigrams(trigrams, folded(literal));
    }
  }
  if (trigrams.size === 0) return plan;
  const words = [...trigrams].map((each) => `"${each.replaceAll('"', '""')}"`);
  const text = 'SELECT rowid AS row FROM task_text WHERE task_text MATCH ?';
  return { ...plan, texts: { text, bound: [words.join(' AND ')] } };
}

/** `ORDER BY` of the columns; `undefined` when a key is no column. Empty values come last. */
export function orderSql(keys: readonly SortKey[]): string | undefined {
  const columns: readonly string[] = [...Object.values(TASK_COLUMNS).flat(), 'id'];
  if (!keys.every(({ path }) => columns.includes(path))) return undefined;
  const unique = keys.slice(0, keys.findIndex(({ path }) => path === 'id') + 1);
  return unique
    .map(({ path, descending }) => (descending ? `c.${path} DESC` : `c.${path} ASC NULLS LAST`))
    .join(', ');
}

function boundsSql(path: string, { comparisons, letsEmptyIn }: Bounds): Sql | undefined {
  if (!isWithin([path], [...TASK_COLUMNS.date, ...TASK_COLUMNS.number])) return undefined;
  const parts = comparisons.map(({ operator, limit }) => ({
    text: `c.${path} ${operator} ?`,
    bound: [limit],
  }));
  if (parts.length === 0) return { text: letsEmptyIn ? '1' : `c.${path} IS NOT NULL`, bound: [] };
  const within = joined(parts, ' AND ');
  return letsEmptyIn ? { text: `(c.${path} IS NULL OR ${within.text})`, bound: within.bound } : within;
}

/** Characters beyond the first plane count as one for SQLite; half ones are none. */
function addTrigrams(trigrams: Set<string>, text: string): void {
  const characters = [...text];
  for (let at = 0; at + 3 <= characters.length; at += 1) {
    const trigram = characters.slice(at, at + 3).join('');
    if (!/[\0\ud800-\udfff]/.test(trigram)) trigrams.add(trigram);
  }
}

function isWithin(paths: readonly string[], known: readonly string[]): boolean {
  return paths.every((path) => known.includes(path));
}
