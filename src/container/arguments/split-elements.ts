import { isBalanced, splitWords } from '../../os/shell-words.js';
import { parseArguments } from './parse-arguments.js';

/**
 * Words of docker arguments in which an element of a list may hold an option together with its value, as people write
 * them: `"-e A=B"`, `"-v /a:/b"`, `"--shm-size 8g"`. Docker would take the blank as a part of the value, and the variable
 * or the mount would be missing silently.
 */
export function splitElements(words: readonly string[]): string[] {
  return words.flatMap(splitElement);
}

function splitElement(element: string): string[] {
  const text = element.trim();
  if (!/^["']?-[\s\S]*\s/.test(text)) return /^-/.test(text) ? [text] : [element];
  const words = isBalanced(text) ? splitWords(text) : undefined;
  const [only, ...more] = words ?? [];
  // The whole element is quoted once more.
  if (only !== undefined && more.length === 0 && only !== text && only.startsWith('-'))
    return splitElement(only);
  const [, first = '', rest = ''] = /^(-[^\s=]*)\s+([\s\S]*)$/.exec(text) ?? [];
  if (first === '') return words !== undefined && areOptions(words) ? words : [text];
  const several = words !== undefined && words.length > 2 && areOptions(words);
  if (several || !takesValue(first)) return words ?? [text];
  return [first, unquoted(rest)];
}

/** Each of the words is an option or its value, and every further option is spelled in full. */
function areOptions(words: readonly string[]): boolean {
  const items = parseArguments(words);
  return items.every(({ kind, words: [word = ''] }) => kind === 'option' && word.startsWith('-'));
}

function takesValue(first: string): boolean {
  const [item] = parseArguments([first, 'value']);
  return item?.words.length === 2;
}

/** Quotes around a value, or around that of a variable, are the shell's; others belong to the value. */
function unquoted(value: string): string {
  return value.replace(/^([\w.-]+=)?(["'])([^"']*)\2$/, (_, name: string | undefined, __, inner: string) => {
    return `${name ?? ''}${inner}`;
  });
}
