import { isDeepStrictEqual } from 'node:util';
import { AgentError } from '../errors.js';
import type { Config, ConfigTree, ConfigValue } from './config.js';
import { readList } from './lists.js';
import { nearest } from './nearest.js';
import type { Option, OptionType } from './options/option.js';
import { findOption, OPTIONS } from './options/option-table.js';
import { describeSource } from './source.js';
import { isTree, joinKey } from './tree.js';
import { checkVariables } from './validate-variables.js';
import { booleanWord } from './words.js';

export interface Validation {
  /** Whole sentences; the agent continues. */
  warnings: string[];
  /** Whole sentences; the agent cannot continue. */
  errors: string[];
}

/** Sections whose keys are in the option table. */
const CHECKED_SECTIONS: readonly string[] = ['agent', 'api'];
const KNOWN_SECTIONS: readonly string[] = ['agent', 'api', 'sdk', 'environment', 'files', 'logging', 'env'];

/** Every key that has keys below it. */
const PARENTS: ReadonlySet<string> = new Set(
  OPTIONS.flatMap(({ key }) => {
    const parts = key.split('.');
    return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
  }),
);

/** What is wrong with a configuration, beyond what ended its loading. */
export function validateConfig(config: Config): Validation {
  const found: Validation = { warnings: [...config.warnings], errors: [] };
  for (const [section, value] of Object.entries(config.all)) {
    if (!KNOWN_SECTIONS.includes(section)) unknown(found, config, section, KNOWN_SECTIONS);
    else if (CHECKED_SECTIONS.includes(section)) checkMember(found, config, [section], value);
  }
  found.warnings.push(...checkVariables(config.env));
  return found;
}

/**
 * Tells the warnings and stops at errors, for a command that is about to work with the configuration.
 *
 * @throws AgentError CONFIG_VALUE with the first error; the others are its detail
 */
export function requireValid(config: Config, warn: (line: string) => void): void {
  const { warnings, errors } = validateConfig(config);
  for (const warning of warnings) warn(warning);
  const [first, ...others] = errors;
  if (first === undefined) return;
  throw new AgentError('CONFIG_VALUE', first, others.length === 0 ? {} : { detail: others.join('\n') });
}

function checkMember(found: Validation, config: Config, path: readonly string[], value: ConfigValue): void {
  const key = joinKey(path);
  const option = findOption(key);
  // The value of an older name is checked as that of the key.
  if (option !== undefined && option.key !== key) return;
  if (option !== undefined) checkOption(found, config, option, value);
  else if (!PARENTS.has(key)) unknown(found, config, key, KEYS);
  else if (isTree(value)) checkMembers(found, config, path, value);
  else if (value !== null && value !== '') found.errors.push(wrong(config, key, 'a section { … }', value));
}

function checkMembers(found: Validation, config: Config, path: readonly string[], tree: ConfigTree): void {
  for (const [name, value] of Object.entries(tree)) checkMember(found, config, [...path, name], value);
}

const KEYS: readonly string[] = OPTIONS.map(({ key }) => key);

function checkOption(found: Validation, config: Config, option: Option, value: ConfigValue): void {
  const source = config.source(option.key);
  if (source.kind === 'default') return;
  const place = describeSource(source);
  const expected = valueProblem(option, value);
  if (expected !== undefined) {
    found.errors.push(wrong(config, option.key, expected, value));
  } else if ('ignored' in option && !isUnchanged(option, value)) {
    found.warnings.push(`${place}: ${option.key} has no effect: ${option.ignored}`);
  } else if (option.choices !== undefined && !isChoice(option, value)) {
    found.warnings.push(
      `${place}: ${option.key}: expected one of ${option.choices.join(', ')}, found ${JSON.stringify(value)}`,
    );
  }
}

/** Sample files spell defaults out; only another value can surprise. */
function isUnchanged(option: Option, value: ConfigValue): boolean {
  return value === null || value === '' || isDeepStrictEqual(value, option.shipped ?? option.fallback);
}

function isChoice(option: Option, value: ConfigValue): boolean {
  return value === null || value === '' || choiceOf(option, value) !== undefined;
}

function unknown(found: Validation, config: Config, key: string, known: readonly string[]): void {
  const near = nearest(key, known);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  found.warnings.push(`${describeSource(config.source(key))}: unknown key ${key}${hint}`);
}

function wrong(config: Config, key: string, expected: string, value: ConfigValue): string {
  const found = findOption(key)?.secret ? 'something else' : JSON.stringify(value);
  return `${describeSource(config.source(key))}: ${key}: expected ${expected}, found ${found}`;
}

/** What was expected in words, and whether a value is that. */
interface TypeRule {
  expected: string;
  accepts: (value: ConfigValue) => boolean;
}

const isScalar = (value: ConfigValue) => typeof value !== 'object' || value === null;
const isText = (value: ConfigValue) => typeof value === 'string' || typeof value === 'number';
const isNumber = (value: ConfigValue) => isText(value) && Number.isFinite(Number(value));

const isAddress = (value: ConfigValue) =>
  /^\s*https?:\/\//i.test(String(value)) && URL.canParse(String(value));

const isTexts = (value: ConfigValue) => (Array.isArray(value) ? value.every(isScalar) : isText(value));
const TEXTS: TypeRule = { expected: 'a text or a list of texts', accepts: isTexts };

const RULES: Readonly<Record<OptionType, TypeRule>> = {
  text: { expected: 'a text', accepts: isText },
  line: {
    expected: 'a text of one line',
    accepts: (value) => isText(value) && !/\p{Cc}/u.test(String(value)),
  },
  address: { expected: 'an address like http://host:8008', accepts: isAddress },
  path: { expected: 'a path', accepts: isText },
  boolean: {
    expected: 'true or false',
    accepts: (value) => isScalar(value) && booleanWord(String(value)) !== undefined,
  },
  integer: {
    expected: 'a whole number',
    accepts: (value) => isNumber(value) && Number.isInteger(Number(value)),
  },
  number: { expected: 'a number', accepts: isNumber },
  texts: TEXTS,
  words: TEXTS,
  names: TEXTS,
  list: { expected: 'a list [ … ]', accepts: Array.isArray },
  section: { expected: 'a section { … }', accepts: isTree },
  any: { expected: 'a value', accepts: () => true },
};

/** What a key expects when its value is not that; null and empty text mean "not set" everywhere. */
export function valueProblem(option: Option, value: ConfigValue): string | undefined {
  if (value === null || value === '') return undefined;
  const { type, choices, lenient, minimum } = option;
  const { accepts, expected } = RULES[type];
  if (!accepts(value)) return expected;
  if (minimum !== undefined && Number(value) < minimum) return `${expected}, ${minimum} or more`;
  if (choices === undefined || lenient) return undefined;
  const isList = type === 'names';
  const isWrong = (isList ? namesIn(value) : [value]).some((one) => choiceOf(option, one) === undefined);
  return isWrong ? `${isList ? 'names out of' : 'one of'} ${choices.join(', ')}` : undefined;
}

/** The names in a list or a text. */
export function namesIn(value: ConfigValue): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item) => readList(String(item), 'names'));
}

/** The choice that a value is, in lower case; `undefined` when it is none. */
export function choiceOf({ choices = [] }: Option, value: ConfigValue): string | undefined {
  const word = String(value).trim().toLowerCase();
  return choices.find((choice) => choice === word);
}
