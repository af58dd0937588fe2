import { isFields, isListed } from './paths.js';

/** What a comparison looks away from, and how strict it is; paths are dotted, from the top. */
export interface Comparison {
  compare?: 'exact' | 'subset';
  ignore?: string[];
  unordered?: string[];
}

const PLACEHOLDERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  '<any>': () => true,
  '<id>': (value) => typeof value === 'string' && /^[0-9a-f]{24,40}$/.test(value),
  '<time>': (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(value),
  '<number>': (value) => typeof value === 'number',
  '<string>': (value) => typeof value === 'string',
};

/** Metric values are stored with single precision. */
const TOLERANCE = 1e-6;

/** The differences between an expected value and an actual one, one line each. */
export function differences(
  expected: unknown,
  actual: unknown,
  how: Comparison,
  keys: readonly string[] = [],
): string[] {
  if (isListed(how.ignore, keys) || expected === actual) return [];
  const placeholder = typeof expected === 'string' ? PLACEHOLDERS[expected] : undefined;
  if (placeholder !== undefined) return placeholder(actual) ? [] : [line(keys, expected, actual)];
  if (Array.isArray(expected) && Array.isArray(actual)) return ofLists(expected, actual, how, keys);
  if (isFields(expected) && isFields(actual)) {
    const names = Object.keys(how.compare === 'subset' ? expected : { ...expected, ...actual });
    return names.flatMap((name) => ofField(expected, actual, how, [...keys, name]));
  }
  const near =
    typeof expected === 'number' &&
    typeof actual === 'number' &&
    Math.abs(expected - actual) <= TOLERANCE * Math.max(Math.abs(expected), Math.abs(actual));
  return near ? [] : [line(keys, expected, actual)];
}

function ofField(
  expected: Record<string, unknown>,
  actual: Record<string, unknown>,
  how: Comparison,
  keys: string[],
): string[] {
  const name = keys.at(-1) ?? '';
  if (Object.hasOwn(expected, name) && Object.hasOwn(actual, name))
    return differences(expected[name], actual[name], how, keys);
  return isListed(how.ignore, keys) ? [] : [line(keys, expected[name], actual[name])];
}

function ofLists(
  expected: readonly unknown[],
  actual: readonly unknown[],
  how: Comparison,
  keys: readonly string[],
): string[] {
  if (expected.length !== actual.length) return [line(keys, expected, actual)];
  if (!isListed(how.unordered, keys))
    return expected.flatMap((item, index) => differences(item, actual[index], how, [...keys, `${index}`]));
  const left = [...actual.entries()];
  for (const item of expected) {
    const found = left.findIndex(
      ([index, other]) => differences(item, other, how, [...keys, `${index}`]).length === 0,
    );
    if (found === -1) return [line(keys, expected, actual)];
    left.splice(found, 1);
  }
  return [];
}

function line(keys: readonly string[], expected: unknown, actual: unknown): string {
  return `${keys.join('.') || 'data'}: expected ${shown(expected)}, got ${shown(actual)}`;
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200);
}
