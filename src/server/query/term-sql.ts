import { TERM_PATHS, TERM_TREE, termValue } from '../storage/column-values.js';
import type { Bindable, Database } from '../storage/database.js';
import type { ValueTest, Wanted } from './list-filter.js';

/** A piece of SQL, and what it binds. */
export interface Sql {
  text: string;
  bound: readonly Bindable[];
}

/** Rows of `task_columns` that satisfy a test, and whether a row that a query has does so. */
export interface TermSet {
  /** A query of column `row`; absent for tests that most rows satisfy. */
  rows?: Sql;
  /** A condition on the row of an alias. */
  holds(alias: string): Sql;
}

/** Last parts of a path below a parameter that are fields of it, or parameters of that name. */
const PARAMETER_FIELDS = new Set(['name', 'section', 'type', 'description']);

/** Conditions on the values at a path, by the table of terms; `undefined`: terms do not tell. */
export function termSets(database: Database, path: string, test: ValueTest): TermSet[] | undefined {
  const lookup = lookupOf(database, path);
  if (lookup === undefined) return undefined;
  // Each part of a conjunction may be what the query starts from.
  const parts = 'every' in test ? test.every : [test];
  const sets = parts.map((part) => setOf(lookup, part));
  return sets.every((set) => set !== undefined) ? sets : undefined;
}

/** The ids of the terms that mean a value; `undefined`: terms do not tell. */
type Lookup = (wanted: Wanted) => number[] | undefined;

function lookupOf(database: Database, path: string): Lookup | undefined {
  if ((TERM_PATHS as readonly string[]).includes(path))
    return (wanted) => idsOf(database, path, wanted ?? '');
  const parts = path.split('.');
  const last = parts.at(-1) ?? '';
  if (parts[0] !== TERM_TREE || parts.length < 3) return undefined;
  if (parts.length > 3 && PARAMETER_FIELDS.has(last)) return undefined;
  const isValue = parts.length > 3 && last === 'value';
  // A parameter may have this name itself.
  if (isValue && database.get('SELECT 1 FROM terms WHERE path = ? LIMIT 1', path) !== undefined)
    return undefined;
  const parameter = isValue ? parts.slice(0, -1).join('.') : path;
  return (wanted) => (wanted === null ? undefined : idsOf(database, parameter, wanted));
}

/** The empty text is the mark of a path without values, which no value equals. */
function idsOf(database: Database, path: string, value: string): number[] {
  const sql = 'SELECT term FROM terms WHERE path = ? AND value = ?';
  return database.all(sql, path, value === '' ? '' : termValue(value)).map(({ term }) => Number(term));
}

function setOf(lookup: Lookup, test: ValueTest): TermSet | undefined {
  const ids = union(lookup, test);
  if (ids !== undefined) return inTerms(ids);
  if ('has' in test) return undefined;
  const parts = ('not' in test ? [test.not] : 'every' in test ? test.every : test.some).map((part) =>
    setOf(lookup, part),
  );
  if (!parts.every((part) => part !== undefined)) return undefined;
  const holds = (alias: string) => parts.map((part) => part.holds(alias));
  if ('not' in test) return { holds: (alias) => joined(holds(alias), '', 'NOT ') };
  const [operator, none] = 'every' in test ? [' AND ', '1'] : [' OR ', '0'];
  return {
    holds: (alias) => (parts.length === 0 ? { text: none, bound: [] } : joined(holds(alias), operator)),
  };
}

/** The terms of a test that any of some values satisfies. */
function union(lookup: Lookup, test: ValueTest): number[] | undefined {
  if ('has' in test) return test.has === '' ? [] : lookup(test.has);
  if (!('some' in test)) return undefined;
  const parts = test.some.map((part) => union(lookup, part));
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function inTerms(ids: readonly number[]): TermSet {
  if (ids.length === 0)
    return {
      rows: { text: 'SELECT row FROM task_terms WHERE 0', bound: [] },
      holds: () => ({ text: '0', bound: [] }),
    };
  const one = ids.length === 1;
  const list: Sql = one
    ? { text: '= ?', bound: [ids[0] ?? 0] }
    : { text: 'IN (SELECT value FROM json_each(?))', bound: [JSON.stringify(ids)] };
  return {
    rows: {
      text: `SELECT ${one ? '' : 'DISTINCT '}row FROM task_terms WHERE term ${list.text}`,
      bound: list.bound,
    },
    holds: (alias) => ({
      text: `EXISTS (SELECT 1 FROM task_terms t WHERE t.term ${list.text} AND t.row = ${alias}.row)`,
      bound: list.bound,
    }),
  };
}

/** Conditions in brackets. */
export function joined(parts: readonly Sql[], operator: string, before = ''): Sql {
  return {
    text: `${before}(${parts.map(({ text }) => text).join(operator)})`,
    bound: parts.flatMap(({ bound }) => bound),
  };
}
