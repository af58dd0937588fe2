import { ApiError } from './api-error.js';
import { isObject, type Json, type JsonObject } from './json.js';

type FieldType = 'text' | 'flag' | 'integer' | 'number' | 'numbers' | 'texts' | 'object' | 'objects';

/**
 * What a field of a request must be: a type, with `!` one that must be there (a list: not empty); one of some
 * words; an object of fields; or a list of such objects, of which there must be `atLeast` so many.
 */
export type FieldSpec =
  | FieldType
  | `${FieldType}!`
  | readonly string[]
  | { fields: FieldTable }
  | { items: FieldTable; atLeast?: number };

export type FieldTable = Readonly<Record<string, FieldSpec>>;

/** Fields that are not in the table are not looked at. @throws ApiError 400/12 */
export function checkFields(fields: JsonObject, table: FieldTable): void {
  for (const [name, spec] of Object.entries(table)) {
    const value = fields[name] ?? undefined;
    if (typeof spec === 'string') checkType(name, value, spec);
    else if ('items' in spec) checkItems(name, value, spec);
    else if (value === undefined) continue;
    else if ('fields' in spec) checkFields(objectOf(name, value), spec.fields);
    else if (!spec.includes(String(value))) throw refused(name, `expected one of ${spec.join(', ')}`);
  }
}

function checkType(name: string, value: Json | undefined, spec: FieldType | `${FieldType}!`): void {
  const required = spec.endsWith('!');
  const type = spec.replace('!', '') as FieldType;
  if (value === undefined || (required && Array.isArray(value) && value.length === 0)) {
    if (required) throw refused(name, 'the field is required');
    return;
  }
  if (!TYPES[type].is(value)) throw refused(name, `expected ${TYPES[type].shown}`);
}

/** Numbers may be written as text: query strings and some clients do. */
const TYPES: Readonly<Record<FieldType, { is(value: Json): boolean; shown: string }>> = {
  text: { is: isText, shown: 'a text' },
  flag: { is: (value) => typeof value === 'boolean' || value === 0 || value === 1, shown: 'a boolean' },
  integer: { is: isNumeric, shown: 'a whole number' },
  number: { is: isNumeric, shown: 'a number' },
  numbers: { is: (value) => Array.isArray(value) && value.every(isNumeric), shown: 'a list of numbers' },
  // One text means a list of one, as in a query string.
  texts: {
    is: (value) => isText(value) || (Array.isArray(value) && value.every(isText)),
    shown: 'a list of texts',
  },
  object: { is: isObject, shown: 'an object' },
  objects: { is: (value) => Array.isArray(value) && value.every(isObject), shown: 'a list of objects' },
};

function isText(value: Json): boolean {
  return typeof value === 'string';
}

function isNumeric(value: Json): boolean {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number);
}

function checkItems(
  name: string,
  value: Json | undefined,
  spec: { items: FieldTable; atLeast?: number },
): void {
  const list = value ?? [];
  if (!Array.isArray(list)) throw refused(name, 'expected a list of objects');
  if (list.length < (spec.atLeast ?? 0)) throw refused(name, `expected ${spec.atLeast} or more`);
  for (const item of list) checkFields(objectOf(name, item), spec.items);
}

function objectOf(name: string, value: Json): JsonObject {
  if (isObject(value)) return value;
  throw refused(name, 'expected an object');
}

function refused(field: string, detail: string): ApiError {
  return new ApiError('validation_error', { field }, detail);
}
