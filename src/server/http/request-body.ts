import { ApiError } from '../api-error.js';
import { isObject, isSafeName, type Json, type JsonObject } from '../json.js';
import { isTooDeep, MAX_DEPTH } from './json-depth.js';

/**
 * Reads a body whatever its content type says: one JSON object, a form, a list of one object a line, or nothing.
 *
 * @throws ApiError 400/0
 */
export function parseBody(text: string, contentType: string): JsonObject | JsonObject[] | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json-lines') return parseLines(text);
  return text.trim() === '' ? undefined : parseObject(text, type);
}

function parseLines(text: string): JsonObject[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => parseJson(line));
}

function parseObject(text: string, type: string | undefined): JsonObject {
  // curl -d says "form" although it sends JSON; a form never begins with a brace.
  const isForm = type === 'application/x-www-form-urlencoded' && !text.trimStart().startsWith('{');
  return isForm ? parameters(new URLSearchParams(text)) : parseJson(text);
}

function parseJson(text: string): JsonObject {
  if (isTooDeep(text)) throw tooDeep();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ApiError(
      'bad_request',
      {},
      `the body is not JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (value === null) return {};
  if (!isObject(value)) throw new ApiError('bad_request', {}, 'the body is not a JSON object');
  return value;
}

function tooDeep(): ApiError {
  return new ApiError('bad_request', {}, `the body is nested deeper than ${MAX_DEPTH} levels`);
}

/** Fields of a query string or form: repeated keys and those ending in `[]` are lists, dots nest. */
export function parameters(query: URLSearchParams): JsonObject {
  const result: JsonObject = {};
  for (const key of new Set(query.keys())) {
    const values = query.getAll(key).map(typed);
    const isList = key.endsWith('[]') || values.length > 1;
    const path = key.replace(/\[\]$/, '').split('.');
    if (path.length > MAX_DEPTH) throw tooDeep();
    assign(result, path, isList ? values : (values[0] ?? null));
  }
  return result;
}

function typed(text: string): Json {
  if (/^\d+(\.\d*)?$|^\.\d+$/.test(text)) return Number(text);
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  return text;
}

function assign(target: JsonObject, [head = '', ...rest]: string[], value: Json): void {
  if (!isSafeName(head)) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const inner = target[head];
  const nested = isObject(inner) ? inner : {};
  target[head] = nested;
  assign(nested, rest, value);
}
