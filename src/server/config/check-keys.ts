import type { ConfigTree, ConfigValue, Environment } from '../../config/config.js';
import { nearest } from '../../config/nearest.js';
import { isTree, joinKey, leaves } from '../../config/tree.js';
import { valueProblem } from '../../config/value-problem.js';
import { findServerKey, SERVER_KEYS } from './key-table.js';
import { IGNORED_KEYS } from './keys/ignored.js';

/** What a check of the merged configuration found. */
export interface KeyCheck {
  /** Whole sentences without their place; the server does not start. */
  errors: { path: readonly string[]; problem: string }[];
  /** Keys without effect, with the reason. */
  ignored: { path: readonly string[]; reason: string }[];
}

/** Every key that has keys below it. */
const PARENTS: ReadonlySet<string> = new Set(
  [...SERVER_KEYS.map(({ key }) => key), ...IGNORED_KEYS.flatMap(({ keys }) => keys)].flatMap((key) => {
    const parts = key.split('.');
    return parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join('.'));
  }),
);

const IGNORED: ReadonlyMap<string, string> = new Map(
  IGNORED_KEYS.flatMap(({ keys, reason }) => keys.map((key) => [key, reason] as const)),
);

/** Checks every key that files, variables and flags set. */
export function checkKeys(tree: ConfigTree): KeyCheck {
  const found: KeyCheck = { errors: [], ignored: [] };
  for (const [name, value] of Object.entries(tree)) checkMember(found, [name], value);
  return found;
}

function checkMember(found: KeyCheck, path: readonly string[], value: ConfigValue): void {
  const key = joinKey(path);
  const row = findServerKey(key);
  if (row !== undefined) {
    const expected = valueProblem(row, value);
    const shown = row.secret ? 'something else' : JSON.stringify(value);
    if (expected !== undefined && !isLoneText(row.type, value))
      found.errors.push({ path, problem: `${key}: expected ${expected}, found ${shown}` });
    return;
  }
  // A section may be without effect but for some keys in it.
  if (isTree(value) && PARENTS.has(key)) {
    for (const [name, inner] of Object.entries(value)) checkMember(found, [...path, name], inner);
    return;
  }
  const reason = ignoredBecause(path);
  if (reason !== undefined) found.ignored.push({ path, reason });
  else if (!PARENTS.has(key)) found.errors.push({ path: firstValue(path, value), problem: unknown(key) });
  else if (value !== null && value !== '')
    found.errors.push({ path, problem: `${key}: expected a section { … }, found ${JSON.stringify(value)}` });
}

/** One text counts as a list of one. */
function isLoneText(type: string, value: ConfigValue): boolean {
  return type === 'texts' && typeof value !== 'object';
}

function ignoredBecause(path: readonly string[]): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const reason = IGNORED.get(joinKey(path.slice(0, length)));
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Where a section stands is known for its values only. */
function firstValue(path: readonly string[], value: ConfigValue): readonly string[] {
  const [first] = isTree(value) ? [...leaves(value, path)] : [];
  return first?.[0] ?? path;
}

function unknown(key: string): string {
  const near = nearest(key, [...SERVER_KEYS.map((row) => row.key), ...PARENTS]);
  return `unknown key ${key}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** Variables of the released server that have no effect, by reason. */
export function ignoredVariables(env: Environment): { name: string; reason: string }[] {
  return IGNORED_KEYS.flatMap(({ variables = [], reason }) =>
    variables.filter((name) => (env[name] ?? '') !== '').map((name) => ({ name, reason })),
  );
}
