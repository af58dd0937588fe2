import { createHash } from 'node:crypto';
import { isoDate, parseDate } from '../dates.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { textsAt } from '../query/values-at.js';
import type { Bindable } from './database.js';

/** Paths of a task that are columns, for order and bounds. */
export const TASK_COLUMNS = {
  text: ['name', 'type', 'status', 'user', 'project', 'parent'],
  date: ['created', 'started', 'completed', 'status_changed', 'last_update', 'last_change'],
  number: ['last_iteration', 'active_duration'],
} as const;

/** Paths of which each value is a term. */
export const TERM_PATHS = [
  'user',
  'tags',
  'system_tags',
  'type',
  'status',
  'project',
  'parent',
  'execution.queue',
  'models.input.model',
] as const;

/** Section of which each parameter's value is a term. */
export const TERM_TREE = 'hyperparams';

/** Fields of the short form of a document, on which most conditions can be checked. */
export const LITE_FIELDS = [
  'id',
  'name',
  'type',
  'status',
  'user',
  'project',
  'parent',
  'tags',
  'system_tags',
  'comment',
  'description',
  'report',
] as const;

/** Fields whose texts the text index has. */
export const CONTENT_FIELDS = [
  'id',
  'name',
  'comment',
  'description',
  'report',
  'tags',
  'system_tags',
] as const;

/** A value of a path; the empty text marks a path without values. */
export type Term = readonly [path: string, value: string];

/** What the tables beside a document say of it. */
export interface ColumnValues {
  columns: Record<string, Bindable>;
  terms: Term[];
  content: string;
}

export function columnValues(document: JsonObject): ColumnValues {
  const text = TASK_COLUMNS.text.map((path) => [path, textColumn(document[path])] as const);
  const dates = TASK_COLUMNS.date.map((path) => [path, dateColumn(document[path])] as const);
  const numbers = TASK_COLUMNS.number.map((path) => [path, numberColumn(document[path])] as const);
  const all = [...text, ...dates, ...numbers];
  const isPlain = all.every(([, value]) => value !== undefined) && isTree(document[TERM_TREE]);
  const terms = termsOf(document);
  const content = CONTENT_FIELDS.flatMap((field) => textsAt(document, field)).join('\n');
  const lite = Object.fromEntries(LITE_FIELDS.map((field) => [field, document[field]]));
  return {
    columns: {
      ...Object.fromEntries(all.map(([path, value]) => [path, value ?? null])),
      odd: isPlain ? null : 1,
      terms: digest(JSON.stringify(terms)),
      content: digest(content),
      lite: JSON.stringify(lite),
    },
    terms,
    content: folded(content),
  };
}

/** Equal for texts that a search without case takes as equal, as far as ASCII goes: İ and ſ have odd other cases. */
export function folded(text: string): string {
  return text.toLowerCase().replaceAll('ſ', 's');
}

/** The stored form of a term's value: long ones, and those that SQLite would change, by their digest. */
export function termValue(value: string): string {
  return value.length > 200 || value.includes('\0') || !isWellFormed(value)
    ? digest(JSON.stringify(value))
    : value;
}

function termsOf(document: JsonObject): Term[] {
  const paths = [...TERM_PATHS, ...treePaths(document[TERM_TREE])];
  return paths.flatMap((path): Term[] => {
    const values = [...new Set(textsAt(document, path))];
    return values.length === 0 ? [[path, '']] : values.map((value) => [path, termValue(value)]);
  });
}

function treePaths(tree: Json | undefined): string[] {
  if (!isObject(tree)) return [];
  const paths = Object.entries(tree).flatMap(([section, items]) =>
    isObject(items) ? Object.keys(items).map((name) => `${TERM_TREE}.${section}.${name}`) : [],
  );
  return [...new Set(paths)];
}

/** Whether parameters have the form in which the server writes them. */
function isTree(tree: Json | undefined): boolean {
  if (tree === undefined || tree === null) return true;
  const isParameter = (item: Json | undefined) =>
    isObject(item) && Object.values(item).every((value) => value === undefined || typeof value === 'string');
  return (
    isObject(tree) &&
    Object.values(tree).every((section) => isObject(section) && Object.values(section).every(isParameter))
  );
}

/** `undefined`: a column cannot hold it. */
function textColumn(value: Json | undefined): string | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? ordered(value) : undefined;
}

function dateColumn(value: Json | undefined): number | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  const time = typeof value === 'string' ? parseDate(value) : undefined;
  return time !== undefined && isoDate(time) === value ? time : undefined;
}

function numberColumn(value: Json | undefined): number | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'number' ? value : undefined;
}

/** SQLite orders texts by code points, the server by UTF-16 units; and a text in SQLite ends at NUL. */
function ordered(text: string): string {
  if (!/[\0\u0001\ud800-\uffff]/.test(text)) return text;
  return Array.from({ length: text.length }, (_, at) => {
    const unit = text.charCodeAt(at);
    if (unit <= 1) return unit === 0 ? '\u0001\u0001' : '\u0001\u0002';
    if (unit < 0xd800) return text.charAt(at);
    return String.fromCodePoint(unit < 0xe000 ? unit + 0x800 : unit + 0x2000);
  }).join('');
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text) || Buffer.from(text).toString() === text;
}

/** Whether a stored value may be the digest of another (`termValue`). */
export function isDigest(value: string): boolean {
  return /^[A-Za-z\d+/]{27}=$/.test(value);
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}
