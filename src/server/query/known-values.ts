import { asObject, type JsonObject } from '../json.js';
import { isDigest, TERM_TREE } from '../storage/column-values.js';
import type { Database } from '../storage/database.js';

/** The users of tasks; `undefined`: columns do not tell. */
export function usersOfTasks(database: Database): string[] | undefined {
  if (database.get('SELECT 1 FROM task_columns WHERE odd LIMIT 1') !== undefined) return undefined;
  const rows = database.all('SELECT DISTINCT user FROM task_columns WHERE user IS NOT NULL');
  return rows.map(({ user }) => String(user));
}

/** The tags that tasks have, in order, without an empty one; `undefined`: terms do not tell. */
export function tagsOfTasks(database: Database, field: 'tags' | 'system_tags'): string[] | undefined {
  const sql = `SELECT value FROM terms WHERE path = ? AND value <> ''
    AND EXISTS (SELECT 1 FROM task_terms WHERE task_terms.term = terms.term)`;
  const values = database.all(sql, field).map(({ value }) => String(value));
  return values.some(isDigest) ? undefined : values.sort();
}

export interface ParameterName {
  section: string;
  name: string;
}

/** The parameters that tasks have; `undefined`: terms do not tell. @param find a task by its id */
export function parametersOfTasks(
  database: Database,
  find: (id: string) => JsonObject | undefined,
): ParameterName[] | undefined {
  const found: ParameterName[] = [];
  for (let last = `${TERM_TREE}.`; ; ) {
    const path = pathAfter(database, last);
    if (path === undefined) return found;
    // SQLite cuts a text at a NUL, so such a path is not found again.
    if (path === last) return undefined;
    found.push(...namesAt(database, path, find));
    last = path;
  }
}

/** Beyond all paths below the tree: the character after the point. */
const END = `${TERM_TREE}/`;

function pathAfter(database: Database, path: string): string | undefined {
  const row = database.get('SELECT min(path) AS path FROM terms WHERE path > ? AND path < ?', path, END);
  return typeof row?.path === 'string' ? row.path : undefined;
}

function namesAt(
  database: Database,
  path: string,
  find: (id: string) => JsonObject | undefined,
): ParameterName[] {
  const sql = `SELECT c.id FROM terms t JOIN task_terms tt ON tt.term = t.term JOIN task_columns c ON c.row = tt.row
    WHERE t.path = ? LIMIT 1`;
  const id = database.get(sql, path)?.id;
  if (id === undefined) return [];
  const [, section = '', name = '', ...more] = path.split('.');
  if (more.length === 0) return [{ section, name }];
  // Points may be those of the section or of the name.
  const sections = Object.entries(asObject(find(String(id))?.[TERM_TREE]));
  return sections.flatMap(([each, items]) =>
    Object.keys(asObject(items))
      .filter((one) => `${TERM_TREE}.${each}.${one}` === path)
      .map((one) => ({ section: each, name: one })),
  );
}
