import { AgentError } from '../../errors.js';
import type { Config, ConfigValue } from '../config.js';
import { describeSource } from '../source.js';
import { isTree } from '../tree.js';

/**
 * The members of a section that is written as `name { … }` or as a list of pairs, in order.
 *
 * @throws AgentError CONFIG_VALUE for anything else
 */
export function sectionEntries(config: Config, section: string): [string, ConfigValue][] {
  const value = config.raw(section);
  if (value === undefined || value === null) return [];
  if (isTree(value)) return Object.entries(value);
  if (Array.isArray(value) && value.every(isPair))
    return value.map(([name, member]) => [String(name), member]);
  throw new AgentError(
    'CONFIG_VALUE',
    `${section}: expected a section { … }, found ${JSON.stringify(value)} (${describeSource(config.source(section))})`,
  );
}

/** A value as text: null is empty, booleans as Python writes them, numbers as they were written, the rest as JSON. */
export function textOf(value: ConfigValue, written?: string): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return written ?? (typeof value === 'number' ? String(value) : JSON.stringify(value));
}

function isPair(value: ConfigValue): value is [ConfigValue, ConfigValue] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] !== 'object';
}
