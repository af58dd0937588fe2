import type { ConfigValue } from '../../src/config/config.js';
import { isTree } from '../../src/config/tree.js';

/** Longer values are spread over lines. */
const LINE = 90;

/** A value as it is written in a configuration file; further lines are not indented. */
export function hoconText(value: ConfigValue): string {
  const short = inline(value);
  if (short.length <= LINE || !Array.isArray(value)) return short;
  return ['[', ...value.map((item) => `    ${inline(item)}`), ']'].join('\n');
}

function inline(value: ConfigValue): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (!isTree(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${plainKey(key)}: ${inline(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function plainKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}
