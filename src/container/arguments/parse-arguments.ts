import { AgentError } from '../../errors.js';
import type { GivenOption } from '../run-options/option.js';
import { findLongOption, findShortOption } from '../run-options/option-table.js';
import type { ArgumentItem } from './argument-item.js';

/**
 * Reads a list of docker arguments in every spelling: `--x=y`, `--x y`, `-xY`, `-x=Y`, `-it`. It never
 * throws, so that filters see all of what was given; `optionsOf` is where it must make sense.
 *
 * A word that begins with a dash is never a value unless it is a negative number. Docker itself would take
 * `-v -e` as a volume named `-e`, which no user means.
 */
export function parseArguments(words: readonly string[]): ArgumentItem[] {
  const items: ArgumentItem[] = [];
  for (let at = 0; at < words.length; ) {
    const item = readItem(words[at] ?? '', words[at + 1]);
    if (item.words.length > 1 || item.words[0] !== '') items.push(item);
    at += item.words.length;
  }
  return items;
}

/**
 * The options of parsed arguments.
 *
 * @param origin where the arguments come from, for the error
 * @throws AgentError DOCKER_ARGUMENT for an option that Docker does not have, one without its value, and for
 * a word that belongs to none
 */
export function optionsOf(items: readonly ArgumentItem[], origin: string): GivenOption[] {
  return items.flatMap((item) => {
    const [first = ''] = item.words;
    if (item.kind === 'unknown') {
      throw new AgentError('DOCKER_ARGUMENT', `docker has no argument "${first.split('=')[0]}" (${origin})`, {
        hint: 'docker run --help lists the arguments that there are.',
      });
    }
    if (item.kind === 'dangling') {
      throw new AgentError('DOCKER_ARGUMENT', `docker argument "${first}" needs a value (${origin})`);
    }
    if (item.kind === 'word') {
      throw new AgentError(
        'DOCKER_ARGUMENT',
        `docker arguments hold a word that belongs to none: "${first}" (${origin})`,
        {
          hint: 'A value with blanks needs quotes; the image has its own field.',
        },
      );
    }
    return item.options;
  });
}

function readItem(word: string, next: string | undefined): ArgumentItem {
  if (!word.startsWith('-') || word === '-' || word === '--')
    return { kind: 'word', words: [word], options: [] };
  return word.startsWith('--') ? readLong(word, next) : readLetters(word, next);
}

function readLong(word: string, next: string | undefined): ArgumentItem {
  const equals = word.indexOf('=');
  const written = equals < 0 ? word : word.slice(0, equals);
  const option = findLongOption(written.slice(2));
  if (option === undefined) {
    const words = equals < 0 && isValue(next) && next !== '' ? [word, next] : [word];
    return { kind: 'unknown', words, options: [] };
  }
  if (equals >= 0) {
    return { kind: 'option', words: [word], options: [{ option, value: word.slice(equals + 1), written }] };
  }
  if (option.takes === 'flag') {
    return { kind: 'option', words: [word], options: [{ option, value: 'true', written }] };
  }
  if (!isValue(next)) return { kind: 'dangling', words: [word], options: [] };
  return { kind: 'option', words: [word, next], options: [{ option, value: next, written }] };
}

/** Letters of flags, the last of which may take the rest of the word, or the next word, as its value. */
function readLetters(word: string, next: string | undefined): ArgumentItem {
  const options: GivenOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const option = findShortOption(word.charAt(at));
    if (option === undefined) return { kind: 'unknown', words: [word], options: [] };
    const written = `-${option.short ?? ''}`;
    const rest = word.slice(at + 1);
    if (option.takes === 'flag' && !rest.startsWith('=')) {
      options.push({ option, value: 'true', written });
      continue;
    }
    if (rest !== '') {
      options.push({ option, value: rest.replace(/^=/, ''), written });
      return { kind: 'option', words: [word], options };
    }
    if (!isValue(next)) return { kind: 'dangling', words: [word], options: [] };
    options.push({ option, value: next, written });
    return { kind: 'option', words: [word, next], options };
  }
  return { kind: 'option', words: [word], options };
}

function isValue(word: string | undefined): word is string {
  return word !== undefined && (!word.startsWith('-') || word === '-' || /^-\d/.test(word));
}
