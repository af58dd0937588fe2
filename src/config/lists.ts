import { splitWords } from '../os/shell-words.js';
import { isTree } from './tree.js';

/**
 * What separates the items of a list that was written as one text: `words` are arguments, which a shell splits and
 * which may have commas inside; `names` have neither blanks nor commas; `pairs` are `name=value`, whose values may
 * have commas.
 */
export type ListKind = 'words' | 'names' | 'pairs';

/**
 * Reads a list in any spelling that people use for one: words of a shell, one a line, with commas in between, in
 * brackets as JSON or Python have it, with a comma after the last item. Quotes keep an item together; one that is
 * never closed ends with the text.
 */
export function readList(text: string, kind: ListKind): string[] {
  const whole = unquoted(text);
  const inner = BRACKETS.exec(whole)?.[1];
  const items =
    inner === undefined
      ? splitWords(commasToBlanks(text.trim(), kind))
      : (jsonItems(whole) ?? segments(inner).flatMap((item) => splitWords(item)));
  return kind === 'names' ? items.filter((item) => item !== '') : items;
}

const BRACKETS = /^\s*\[([\s\S]*)\]\s*$/;

/** A list in brackets with quotes around it, which `docker run --env-file` leaves there. */
function unquoted(text: string): string {
  const inner = /^\s*(['"])([\s\S]*)\1\s*$/.exec(text)?.[2];
  return inner !== undefined && BRACKETS.test(inner) ? inner : text;
}

/** The items of a JSON list of plain values; `undefined` for anything else. */
function jsonItems(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value) || value.some((item) => Array.isArray(item) || isTree(item))) return undefined;
    return value.map(String);
  } catch {
    return undefined;
  }
}

/** A quoted part, an escaped letter, a comma with the blanks around it, or a letter. */
const PARTS = /'[^']*(?:'|$)|"(?:[^"\\]|\\[\s\S])*(?:"|$)|\\[\s\S]|\s*,\s*|[\s\S]/g;

function parts(text: string): string[] {
  return text.match(PARTS) ?? [];
}

function isComma(part: string): boolean {
  return part.trim() === ',';
}

/** The text between the commas that are in no quotes. */
function segments(text: string): string[] {
  const found = [''];
  for (const part of parts(text)) {
    if (isComma(part)) found.push('');
    else found[found.length - 1] += part;
  }
  return found;
}

/** Whether a comma without blanks around it separates items, by its neighbours. */
const SEPARATES: Readonly<Record<ListKind, (before: string, after: string) => boolean>> = {
  names: () => true,
  pairs: (_, after) => /^[^\s,='"]+=/.test(after),
  // Flags without values only: in "device=0,1" and "-Wl,--as-needed" it belongs to the word.
  words: (before, after) => /(?:^|\s)['"]?--[\w-]+['"]?$/.test(before) && /^['"]?--[a-z]/.test(after),
};

function commasToBlanks(text: string, kind: ListKind): string {
  const all = parts(text);
  let read = '';
  for (const [i, part] of all.entries()) {
    const after = all.slice(i + 1).join('');
    const separates = isComma(part) && (/\s/.test(part) || after === '' || SEPARATES[kind](read, after));
    read += separates ? ' ' : part;
  }
  return read;
}
