import { isDeepStrictEqual } from 'node:util';
import { AgentError } from '../errors.js';
import type { Config, ConfigTree, ConfigValue } from './config.js';
import { nearest } from './nearest.js';
import type { Option } from './options/option.js';
import { findOption, OPTIONS } from './options/option-table.js';
import { describeSource } from './source.js';
import { isTree, joinKey } from './tree.js';
import { checkVariables } from './validate-variables.js';
import { choiceOf, valueProblem } from './value-problem.js';

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
