import type { ServerContext } from '../context.js';
import { isObject, type JsonObject, valueAt } from '../json.js';

type Table = 'projects' | 'users' | 'tasks' | 'models' | 'queues';

/** Fields that hold an id, and the table that it points into. */
const REFERENCES: Readonly<Record<string, Table>> = {
  project: 'projects',
  user: 'users',
  parent: 'tasks',
  task: 'tasks',
  'execution.queue': 'queues',
};

/**
 * Replaces ids by the objects they point to where sub-fields of them are asked for: with the path
 * `project.name`, `project` becomes `{id, name, …}`. Projection then picks what was asked for.
 */
export function join(
  server: ServerContext,
  document: JsonObject,
  paths: readonly string[],
  overrides: Readonly<Record<string, Table>> = {},
): JsonObject {
  let joined = document;
  for (const [field, table] of Object.entries({ ...REFERENCES, ...overrides })) {
    const id = valueAt(document, field);
    const asked = paths.some((path) => path.startsWith(`${field}.`));
    if (asked && typeof id === 'string') joined = replaced(joined, field, server[table].find(id) ?? { id });
  }
  return joined;
}

function replaced(document: JsonObject, path: string, value: JsonObject): JsonObject {
  const [head = '', ...rest] = path.split('.');
  const inner = document[head];
  if (rest.length === 0) return { ...document, [head]: value };
  return isObject(inner) ? { ...document, [head]: replaced(inner, rest.join('.'), value) } : document;
}
