import { isObject, type Json, type JsonObject } from '../../json.js';
import type { Value, ValueMap, WizardField } from '../format/definition.js';
import { defaultOf, isEmpty, isShown, MAX_ITEMS, scalarProblem } from './values.js';

export interface CheckedParameters {
  /** Of the fields that are shown; what was not filled in has its default. */
  values: ValueMap;
  /** What is wrong, by the path of the field: `rows.0.key`. */
  problems: Record<string, string>;
}

/** Checks what was filled in against the form; everything wrong is found at once. */
export function checkParameters(fields: readonly WizardField[], given: JsonObject): CheckedParameters {
  const result: CheckedParameters = { values: {}, problems: {} };
  const known = new Set<string>();
  readFields(fields, given, { ...result, known, above: {}, path: '' });
  for (const name of Object.keys(given))
    if (!known.has(name)) result.problems[name] = 'the form has no such field';
  return result;
}

interface Reading extends CheckedParameters {
  known: Set<string>;
  /** Values of the form around a list. */
  above: ValueMap;
  /** Before the names of fields. */
  path: string;
}

function readFields(
  fields: readonly WizardField[],
  given: JsonObject,
  reading: Reading,
  isHidden = false,
): void {
  for (const field of fields) {
    const hidden = isHidden || !isShown(field, { ...reading.above, ...reading.values });
    if (field.type === 'group') readFields(field.item_template ?? [], given, reading, hidden);
    else {
      reading.known.add(field.name);
      // What was filled in before the field was hidden counts no more.
      if (!hidden) readOne(field, Object.hasOwn(given, field.name) ? given[field.name] : undefined, reading);
    }
  }
}

function readOne(field: WizardField, given: Json | undefined, reading: Reading): void {
  const { values, problems, above, path } = reading;
  const value = given === undefined || given === null ? defaultOf(field, { ...above, ...values }) : given;
  if (isEmpty(value)) {
    if (field.required) problems[path + field.name] = 'the field is required';
    else if (given === '' || Array.isArray(given)) values[field.name] = given as Value;
    return;
  }
  if (field.type === 'list') {
    const items = readList(field, value as Json, reading);
    if (items !== undefined) values[field.name] = items;
    return;
  }
  const problem = scalarProblem(field, value);
  if (problem === undefined) values[field.name] = value as Value;
  else problems[path + field.name] = `${problem}, found ${shown(value as Json)}`;
}

function readList(field: WizardField, value: Json, reading: Reading): ValueMap[] | undefined {
  const path = reading.path + field.name;
  if (!Array.isArray(value)) {
    reading.problems[path] = `expected a list, found ${shown(value)}`;
    return undefined;
  }
  if (value.length > MAX_ITEMS) {
    reading.problems[path] = `expected at most ${MAX_ITEMS} items, found ${value.length}`;
    return undefined;
  }
  return value.map((item, index) => readItem(field, item, { ...reading, path: `${path}.${index}` }));
}

function readItem(field: WizardField, item: Json, { problems, above, values, path }: Reading): ValueMap {
  if (!isObject(item)) {
    problems[path] = `expected an object with the fields of the list, found ${shown(item)}`;
    return {};
  }
  const own: Reading = {
    values: {},
    problems,
    known: new Set(),
    above: { ...above, ...values },
    path: `${path}.`,
  };
  readFields(field.item_template ?? [], item, own);
  for (const name of Object.keys(item))
    if (!own.known.has(name)) problems[`${path}.${name}`] = 'the list has no such field';
  return own.values;
}

function shown(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
