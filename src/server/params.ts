import { ApiError } from './api-error.js';
import { asObjects, asTexts, isObject, type Json, type JsonObject } from './json.js';

/** Reads the fields of a request. A field of the wrong type is the client's error; unknown ones are ignored. */
export class Params {
  readonly fields: JsonObject;

  constructor(fields: JsonObject) {
    this.fields = fields;
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  value(name: string): Json | undefined {
    return this.fields[name] ?? undefined;
  }

  /** @throws ApiError 400/12 */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw new ApiError('validation_error', { field: name }, 'the field is required');
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    throw wrongType(name, 'a text');
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.value(name);
    if (value === undefined) return otherwise;
    if (typeof value === 'boolean') return value;
    if (value === 0 || value === 1) return value === 1;
    throw wrongType(name, 'a boolean');
  }

  /** A whole number; one written as text counts. */
  integer(name: string, otherwise: number): number {
    return this.optionalInteger(name) ?? otherwise;
  }

  /** A number of a field that is checked to be one. */
  number(name: string): number {
    return Number(this.value(name) ?? 0);
  }

  optionalInteger(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) throw wrongType(name, 'a number');
    return Math.trunc(number);
  }

  /** A list of texts; a single text is a list of one, absence an empty list. */
  texts(name: string): string[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (typeof value === 'string') return [value];
    if (!Array.isArray(value)) throw wrongType(name, 'a list of texts');
    const texts = asTexts(value);
    if (texts.length !== value.length) throw wrongType(name, 'a list of texts');
    return texts;
  }

  object(name: string): JsonObject {
    return this.optionalObject(name) ?? {};
  }

  optionalObject(name: string): JsonObject | undefined {
    const value = this.value(name);
    if (value !== undefined && !isObject(value)) throw wrongType(name, 'an object');
    return value;
  }

  objects(name: string): JsonObject[] {
    const value = this.value(name);
    if (value === undefined) return [];
    const objects = asObjects(value);
    if (!Array.isArray(value) || objects.length !== value.length) throw wrongType(name, 'a list of objects');
    return objects;
  }
}

function wrongType(field: string, expected: string): ApiError {
  return new ApiError('validation_error', { field }, `expected ${expected}`);
}
