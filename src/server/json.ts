/** A JSON value; an absent field reads as `undefined`. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object; anything else is an empty one. */
export function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The objects of a list; anything else is an empty list. */
export function asObjects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The texts of a list; anything else is an empty list. */
export function asTexts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The value as a text. `String` calls what a client's object has under the name `toString`. */
export function shownText(value: Json | undefined): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

/** A text that is not empty. */
export function asText(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Names that would reach a prototype when a dotted path is written. */
const UNSAFE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** Sets a field whatever its name is: an assignment to `__proto__` would not make a field. */
export function setField(object: JsonObject, name: string, value: Json | undefined): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

export function isSafeName(name: string): boolean {
  return !UNSAFE_NAMES.has(name);
}

/** The value at a dotted path; keys that contain dots are found as well (`hyperparams.Args.a.b`). */
export function valueAt(object: JsonObject, path: string): Json | undefined {
  if (Object.hasOwn(object, path)) return object[path];
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const head = path.slice(0, dot);
    const inner = Object.hasOwn(object, head) ? object[head] : undefined;
    if (isObject(inner)) {
      const value = valueAt(inner, path.slice(dot + 1));
      if (value !== undefined) return value;
    }
  }
  return undefined;
}
