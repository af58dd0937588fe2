import { isObject, type Json, valueAt } from '../json.js';

/** The texts at a path: of a list, of each of its items; of a parameter, its value. */
export function textsAt(value: Json | undefined, path: string): string[] {
  if (isObject(value)) {
    const found = valueAt(value, path);
    if (found !== undefined) return texts(found);
    const dot = path.lastIndexOf('.');
    const list = dot === -1 ? undefined : valueAt(value, path.slice(0, dot));
    return Array.isArray(list) ? list.flatMap((item) => textsAt(item, path.slice(dot + 1))) : [];
  }
  return [];
}

function texts(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(texts);
  if (isObject(value)) return value.value === undefined ? [] : texts(value.value);
  return value === null || value === '' ? [] : [String(value)];
}
