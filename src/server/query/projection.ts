import { asObject, isObject, isSafeName, type Json, type JsonObject, valueAt } from '../json.js';

/**
 * The part of a document that was asked for: dotted paths; with a leading dash, everything but them.
 * `id` is there only when it is asked for.
 */
export function project(document: JsonObject, paths: readonly string[]): JsonObject {
  if (paths.length === 0) return document;
  const excluded = paths.filter((path) => path.startsWith('-')).map((path) => path.slice(1));
  const included = paths.filter((path) => !path.startsWith('-'));
  const base = included.length === 0 ? structuredClone(document) : include(document, included);
  for (const path of excluded) remove(base, path);
  return base;
}

function include(document: JsonObject, paths: readonly string[]): JsonObject {
  const result: JsonObject = {};
  for (const path of paths) copy(document, result, path);
  return result;
}

function copy(from: JsonObject, to: JsonObject, path: string): void {
  if (Object.hasOwn(from, path)) {
    if (isSafeName(path)) to[path] = from[path];
    return;
  }
  const [head = '', ...rest] = path.split('.');
  const inner = Object.hasOwn(from, head) ? from[head] : undefined;
  if (rest.length === 0 || !isSafeName(head) || inner === undefined) return;
  if (Array.isArray(inner)) {
    to[head] = ofItems(inner, to[head], rest.join('.'));
    return;
  }
  if (!isObject(inner)) {
    to[head] = inner;
    return;
  }
  if (valueAt(inner, rest.join('.')) === undefined) {
    to[head] ??= {};
    return;
  }
  const target = isObject(to[head]) ? to[head] : {};
  copy(inner, target, rest.join('.'));
  to[head] = target;
}

/** Of a list of objects, that part of each; what other paths took already stays. */
function ofItems(items: readonly Json[], taken: Json | undefined, path: string): Json[] {
  const before = Array.isArray(taken) ? taken : [];
  return items.filter(isObject).map((item, index) => {
    const part: JsonObject = { ...asObject(before[index]) };
    copy(item, part, path);
    return part;
  });
}

function remove(document: JsonObject, path: string): void {
  if (Object.hasOwn(document, path)) {
    delete document[path];
    return;
  }
  const [head = '', ...rest] = path.split('.');
  const inner: Json | undefined = Object.hasOwn(document, head) ? document[head] : undefined;
  if (rest.length > 0 && isObject(inner)) remove(inner, rest.join('.'));
}
