import { COMPANY_NAME } from '../auth/accounts.js';
import type { ServerContext } from '../context.js';
import { isObject, type JsonObject, valueAt } from '../json.js';
import { project } from './projection.js';
import { type Kind, SEARCHABLE } from './searchable.js';

/**
 * The part of a document that was asked for, with an object in the place of each id that points to another
 * document: `{id}`, and with the path `project.name` `{id, name}`. No paths: everything.
 */
export function joined(
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
