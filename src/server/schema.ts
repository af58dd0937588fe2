import type { ApiErrorName } from './api-error.js';
import type { Json } from './json.js';

/** The part of JSON schema that endpoints use, and keywords of ours (see `http/validation.ts`). */
export interface SchemaText {
  readonly type?: string | readonly string[];
  readonly enum?: readonly Json[];
  readonly items?: SchemaText;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly not?: SchemaText;
  readonly default?: Json;
  readonly properties?: Readonly<Record<string, SchemaText>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaText;
  /** The spellings of the fields below are read (see `lenient`), and `null` as "not there". */
  readonly readFields?: true;
  /** Other spellings of the value count, too: a number as text, 0 and 1 as a flag, one text as a list of one. */
  readonly lenient?: true;
  /** The refusal of a value that does not fit; default: `validation_error`. */
  readonly refusedAs?: ApiErrorName;
  /** The refusals of objects without a required field, by its name. */
  readonly missingAs?: Readonly<Record<string, ApiErrorName>>;
}

declare const value: unique symbol;

/** A schema, and the type of what satisfies it. */
export type Schema<T extends Json = Json> = SchemaText & { readonly [value]?: T };

/** A field that a handler always finds in the request: it is required, or has a default. */
export interface Given<T extends Json = Json> {
  readonly given: Schema<T>;
  readonly required: boolean;
  /** The refusal of a request without it; default: `validation_error`. */
  readonly missingAs?: ApiErrorName;
}

/** The fields of a request by name; what is not in it may be sent, and is not looked at. */
export type Fields = Readonly<Record<string, Schema | Given>>;

type TypeOf<S> = S extends { readonly [value]?: infer T extends Json } ? T : never;
type GivenNames<F extends Fields> = {
  [K in keyof F]: F[K] extends Given ? K : never;
}[keyof F];

/** What a handler reads: `null` in an optional field means that it is not there. */
export type Body<F extends Fields> = {
  readonly [K in GivenNames<F>]: F[K] extends Given<infer T> ? T : never;
} & { readonly [K in Exclude<keyof F, GivenNames<F>>]?: TypeOf<F[K]> };

/** Anything. */
export const json: Schema = {};
export const text: Schema<string> = { type: 'string' };
export const flag: Schema<boolean> = { type: 'boolean', lenient: true };
/** A fraction is cut off. */
export const integer: Schema<number> = { type: 'integer', lenient: true };
export const number: Schema<number> = { type: 'number', lenient: true };
export const texts: Schema<string[]> = { type: 'array', items: text, lenient: true };
/** An object of any fields. */
export const map: Schema<{ [name: string]: Json | undefined }> = { type: 'object' };
/** A text that may become the key of an object: not empty, and nothing that reaches a prototype. */
export const key: Schema<string> = {
  type: 'string',
  minLength: 1,
  not: { enum: ['__proto__', 'constructor', 'prototype'] },
};

export const nullableText: Schema<string | null> = { type: ['string', 'null'] };

export function oneOf<const W extends string>(words: readonly W[]): Schema<W> {
  return { type: 'string', enum: words };
}

export function listOf<T extends Json>(items: Schema<T>): Schema<T[]> {
  return { type: 'array', items };
}

/** Must be there; of a list, with one item at least. */
export function required<T extends Json>(schema: Schema<T>): Given<T> {
  return { given: schema.type === 'array' ? { ...schema, minItems: 1 } : schema, required: true };
}

/** Must be there; a request without it has a refusal of its own. */
export function requiredAs<T extends Json>(refusal: ApiErrorName, schema: Schema<T>): Given<T> {
  return { ...required(schema), missingAs: refusal };
}

export function withDefault<T extends Json>(schema: Schema<T>, otherwise: T): Given<T> {
  return { given: { ...schema, default: otherwise }, required: false };
}

export function refusedAs<T extends Json>(refusal: ApiErrorName, schema: Schema<T>): Schema<T> {
  return { ...schema, refusedAs: refusal };
}

export function object<F extends Fields>(fields: F): Schema<Body<F> & { [name: string]: Json | undefined }> {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    readFields: true,
    properties: Object.fromEntries(
      entries.map(([name, field]) => [name, 'given' in field ? field.given : field]),
    ),
    required: entries.flatMap(([name, field]) => ('given' in field && field.required ? [name] : [])),
    missingAs: Object.fromEntries(
      entries.flatMap(([name, field]) =>
        'given' in field && field.missingAs !== undefined ? [[name, field.missingAs]] : [],
      ),
    ),
  };
}
