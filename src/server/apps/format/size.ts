import type { ConfigValue } from '../../../config/config.js';

/** Letters of a file, and of the texts in it. */
export const MAX_LETTERS = 1_000_000;
/** Texts, numbers, lists and objects of a file. */
const MAX_VALUES = 20_000;

/** What makes a file too large to read. Substitutions repeat what is written once, so a short file may have many values. */
export function sizeProblem(root: ConfigValue): string | undefined {
  const left = { letters: MAX_LETTERS, values: MAX_VALUES };
  const waiting: ConfigValue[] = [root];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    left.values -= 1;
    if (typeof value === 'string') left.letters -= value.length;
    else if (typeof value === 'object' && value !== null) {
      const inner = Array.isArray(value) ? value : Object.values(value);
      if (inner.length > left.values) left.values = -1;
      else for (const one of inner) waiting.push(one);
    }
    if (left.values < 0) return tooMany(MAX_VALUES, 'values');
    if (left.letters < 0) return tooMany(MAX_LETTERS, 'letters');
  }
  return undefined;
}

function tooMany(most: number, what: string): string {
  return `expected at most ${most} ${what}, with those that substitutions repeat; found more`;
}
