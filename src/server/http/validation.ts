import type { FastifySchemaValidationError, FastifyServerOptions } from 'fastify';
import { ApiError } from '../api-error.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { SchemaText } from '../schema.js';

/** How requests are checked: the first error ends it and carries its schema; nothing is taken away. */
export const AJV_OPTIONS: FastifyServerOptions['ajv'] = {
  customOptions: {
    coerceTypes: false,
    removeAdditional: false,
    verbose: true,
    keywords: [
      'lenient',
      'refusedAs',
      'missingAs',
      // Without a type, so that it runs before the keywords of objects, which need what it reads.
      {
        keyword: 'readFields',
        modifying: true,
        errors: false,
        compile: (_on: true, schema: { properties?: SchemaText['properties'] } & Record<string, unknown>) =>
          fieldReader(schema.properties ?? {}),
      },
    ],
  },
};

function fieldReader(properties: Readonly<Record<string, SchemaText>>): (data: unknown) => boolean {
  const fields = Object.entries(properties);
  return (data) => {
    if (isObject(data)) for (const [name, schema] of fields) readField(data, name, schema);
    return true;
  };
}

function readField(data: JsonObject, name: string, schema: SchemaText): void {
  const given = data[name];
  if (given === undefined) return;
  const value = given === null && !schema.type?.includes('null') ? schema.default : spelled(given, schema);
  if (value === undefined) delete data[name];
  else data[name] = value;
}

/** The value as the schema has it, if it is another spelling of such a value; else as it is. */
function spelled(value: Json, { type, items, lenient }: SchemaText): Json {
  if (type === 'array' && Array.isArray(value) && items?.lenient) {
    return value.map((item) => spelled(item, items));
  }
  if (!lenient) return value;
  if (type === 'array') return typeof value === 'string' ? [value] : value;
  if (type === 'boolean') return value === 0 || value === 1 ? value === 1 : value;
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof parsed !== 'number' || !Number.isFinite(parsed)) return value;
  return type === 'integer' ? Math.trunc(parsed) : parsed;
}

/** The refusal of a request that does not satisfy the schema of its endpoint. */
export function refusalOf([error]: readonly FastifySchemaValidationError[]): ApiError {
  const { keyword, instancePath, params, parentSchema } = error as AjvError;
  const path = [...instancePath.split('/').slice(1), ...(params.missingProperty ?? '').split('.')];
  const field = path.filter(Boolean).join('.');
  const missing = keyword === 'required' ? parentSchema.missingAs : undefined;
  const refusal = missing?.[params.missingProperty ?? ''] ?? parentSchema.refusedAs ?? 'validation_error';
  if (field === '') return new ApiError(refusal);
  return new ApiError(refusal, { field }, expectation(keyword, parentSchema));
}

/** What `verbose` adds to an error, and the parameters that are read. */
interface AjvError extends FastifySchemaValidationError {
  params: { missingProperty?: string };
  parentSchema: SchemaText;
}

const SHOWN_TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'a boolean',
  integer: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'an object',
};

function expectation(keyword: string, schema: SchemaText): string {
  const { minimum, maximum, maxItems, type = [] } = schema;
  if (keyword === 'required' || keyword === 'minItems') return 'the field is required';
  if (keyword === 'enum') return `expected one of ${schema.enum?.join(', ')}`;
  if (keyword === 'minimum') return `expected ${minimum} or more`;
  if (keyword === 'maximum') return `expected ${maximum} or less`;
  if (keyword === 'maxItems') return `expected at most ${maxItems} items`;
  if (keyword === 'minLength' || keyword === 'not') return 'expected a name';
  return `expected ${[type]
    .flat()
    .map((each) => SHOWN_TYPES[each] ?? each)
    .join(' or ')}`;
}
