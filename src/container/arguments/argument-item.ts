import type { GivenOption } from '../run-options/option.js';

/**
 * One piece of a list of docker arguments: an option with its value, letters in one word (`-it`), or
 * something that is no option. The words are what was written, so that nothing changes in what is shown.
 */
export interface ArgumentItem {
  kind: 'option' | 'unknown' | 'word' | 'dangling';
  words: readonly string[];
  /** More than one for letters in one word; none for `unknown`, `word` and `dangling`. */
  options: readonly GivenOption[];
}

/** The switch as it was written, without dashes and value: `env`, `it`, `u3`; `undefined` for a bare word. */
export function writtenName(item: ArgumentItem): string | undefined {
  if (item.kind === 'word') return undefined;
  return item.words[0]?.split('=', 1)[0]?.replace(/^-+/, '');
}

/** The same spelling with another value of its (last) option. */
export function withValue(item: ArgumentItem, value: string): ArgumentItem {
  const last = item.options.at(-1);
  if (last === undefined || last.value === value) return item;
  const options = [...item.options.slice(0, -1), { ...last, value }];
  const [first = '', second] = item.words;
  if (second !== undefined) return { ...item, options, words: [first, value] };
  const head = first.slice(0, first.length - last.value.length);
  return { ...item, options, words: [head + value] };
}

export function wordsOf(items: readonly ArgumentItem[]): string[] {
  return items.flatMap((item) => item.words);
}
