import { TERM_TREE } from '../storage/column-values.js';
import type { Database } from '../storage/database.js';
import type { SortKey } from './order.js';
import type { Sql } from './term-sql.js';

/** An order by the value of a parameter, whose values the table of terms has in this order. */
export interface ParameterOrder {
  path: string;
  descending: boolean;
}

/** Values of which the order in SQLite says nothing: digests of long ones, and characters of two UTF-16 units. */
const ODD_VALUE = `(length(value) = 28 AND value GLOB '*=') OR value GLOB '*[\u{10000}-\u{10ffff}]*'`;

/** @returns `undefined` for other orders, and for parameters whose terms do not tell */
export function parameterOrder(database: Database, keys: readonly SortKey[]): ParameterOrder | undefined {
  const [first, second] = keys;
  const parts = first?.path.split('.') ?? [];
  const isParameter = parts[0] === TERM_TREE && parts.length > 3 && parts.at(-1) === 'value';
  if (first === undefined || second?.path !== 'id' || !isParameter) return undefined;
  const path = parts.slice(0, -1).join('.');
  // A parameter may have the whole path as its name.
  const isOther = database.get('SELECT 1 FROM terms WHERE path = ? LIMIT 1', first.path) !== undefined;
  const isOdd =
    database.get(`SELECT 1 FROM terms WHERE path = ? AND (${ODD_VALUE}) LIMIT 1`, path) !== undefined;
  return isOther || isOdd ? undefined : { path, descending: first.descending };
}

interface OrderedRows {
  /** `FROM` and `WHERE`. */
  source: Sql;
  order: string;
}

/** The rows that satisfy a condition: those with the parameter in the order of its values, and after them those without. */
export function rowsByParameter({ path, descending }: ParameterOrder, where: Sql): OrderedRows[] {
  const terms = `terms t CROSS JOIN task_terms v ON v.term = t.term`;
  const has = `t.path = ? AND t.value <> ''`;
  const bound = [path, ...where.bound];
  return [
    {
      source: {
        text: `FROM ${terms} CROSS JOIN task_columns c ON c.row = v.row WHERE ${has} AND ${where.text}`,
        bound,
      },
      order: `t.value ${descending ? 'DESC' : 'ASC'}, c.id`,
    },
    {
      source: {
        text: `FROM task_columns c WHERE c.row NOT IN (SELECT v.row FROM ${terms} WHERE ${has}) AND ${where.text}`,
        bound,
      },
      order: 'c.id',
    },
  ];
}
