import type { ConfigValue } from './config.js';
import { readList } from './lists.js';
import type { OptionFacts, OptionType } from './options/option.js';
import { ownValue } from './options/option-table.js';
import { choiceOf, namesIn, valueProblem } from './value-problem.js';
import { booleanWord } from './words.js';

/** What a configuration says about one key. */
export interface WrittenValue {
  /** `undefined`: the key is absent. */
  value: ConfigValue | undefined;
  /** A number as it was written, where JavaScript would write it differently. */
  written?: string | undefined;
}

/** The error for a value in whose place something else was expected. */
export type Refusal = (expected: string) => Error;

/** The value of a key as its reader gets it: of the type of its row, or the row's default. */
export function readOption(option: OptionFacts, found: WrittenValue, refusal: Refusal): unknown {
  const empty = emptyValue(option, found.value);
  if (empty !== undefined) return empty.value;
  const { value = null, written } = found;
  const expected = valueProblem(option, value);
  if (expected !== undefined && !isLoneText(option, value)) throw refusal(expected);
  if (option.choices === undefined) return READERS[option.type](value, option, written);
  if (option.type === 'names') return namesIn(value).map((name) => choiceOf(option, name) ?? name);
  return choiceOf(option, value) ?? defaultOf(option);
}

/** The default that an empty value means; `undefined` for a value that is not empty. */
function emptyValue(option: OptionFacts, value: ConfigValue | undefined): { value: unknown } | undefined {
  const { type, nullable } = option;
  if (value === null && nullable) return { value };
  if (value !== undefined && value !== null && value !== '') return undefined;
  const otherwise = defaultOf(option);
  // As in the original, whose language takes nothing for false.
  if (type === 'boolean' && value !== undefined)
    return { value: otherwise === undefined ? undefined : false };
  if (value === '' && isTextList(option)) return { value: [] };
  return { value: otherwise ?? (value === null && isTextList(option) ? [] : undefined) };
}

/** The default of the row, `undefined` without one. */
function defaultOf({ shipped, fallback = shipped }: OptionFacts): unknown {
  return fallback === undefined || fallback === null || fallback === '' ? undefined : ownValue(fallback);
}

const TEXT_LISTS: readonly OptionType[] = ['texts', 'words', 'names', 'list'];

function isTextList({ type, items }: OptionFacts): boolean {
  return TEXT_LISTS.includes(type) && items === undefined;
}

/** One text counts as a list of one. */
function isLoneText(option: OptionFacts, value: ConfigValue): boolean {
  return isTextList(option) && typeof value !== 'object';
}

type Reader = (value: ConfigValue, option: OptionFacts, written: string | undefined) => unknown;

const readText: Reader = (value, _, written) => written ?? String(value);
const readNumber: Reader = (value) => Number(value);
const readTexts: Reader = (value) => (Array.isArray(value) ? value : [value]).map(String);
const asWritten: Reader = (value) => value;

const READERS: Readonly<Record<OptionType, Reader>> = {
  text: readText,
  line: readText,
  address: readText,
  path: readText,
  boolean: (value) => booleanWord(String(value)),
  integer: readNumber,
  number: readNumber,
  texts: readTexts,
  words: (value) => (Array.isArray(value) ? value.map(String) : readList(String(value), 'words')),
  names: namesIn,
  list: (value, { items }) =>
    items === 'any' ? value : (Array.isArray(value) ? value : [value]).map(String),
  section: asWritten,
  any: asWritten,
};
