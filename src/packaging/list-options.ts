import { ownMember } from '../os/own-member.js';
import { splitWords } from '../os/shell-words.js';

/** Options that count for all of a list. */
export interface ListOptions {
  indexUrl: string | undefined;
  noIndex: boolean;
  extraIndexUrls: string[];
  findLinks: string[];
  constraints: string[];
  /** Any other option of the whole list, handed on as it is: `--pre`, `--no-binary :all:`, `--trusted-host h`. */
  others: string[];
}

/** Gives the path of a file or folder that an option names, from where the list as a whole is. */
export type Within = (name: string) => string;

/** What pip takes in a requirements file; `true`: with a value. pip takes unambiguous beginnings of the names, too. */
const OPTIONS: Readonly<Record<string, boolean>> = {
  '--index-url': true,
  '--pypi-url': true,
  '--extra-index-url': true,
  '--find-links': true,
  '--requirement': true,
  '--constraint': true,
  '--editable': true,
  '--no-binary': true,
  '--only-binary': true,
  '--trusted-host': true,
  '--use-feature': true,
  '--no-index': false,
  '--pre': false,
  '--prefer-binary': false,
  '--require-hashes': false,
};
const SHORT: Readonly<Record<string, string>> = {
  '-i': '--index-url',
  '-f': '--find-links',
  '-r': '--requirement',
  '-c': '--constraint',
  '-e': '--editable',
};

export function emptyOptions(): ListOptions {
  return {
    indexUrl: undefined,
    noIndex: false,
    extraIndexUrls: [],
    findLinks: [],
    constraints: [],
    others: [],
  };
}

/**
 * The options as lines of a requirements file.
 *
 * @param quoted how the tool that reads them wants a path with blanks
 */
export function optionLines(
  options: ListOptions,
  quoted: (value: string) => string = (value) => value,
): string[] {
  return [
    ...(options.indexUrl === undefined ? [] : [`--index-url ${options.indexUrl}`]),
    ...(options.noIndex ? ['--no-index'] : []),
    ...options.extraIndexUrls.map((url) => `--extra-index-url ${url}`),
    ...options.findLinks.map((link) => `--find-links ${quoted(link)}`),
    ...options.constraints.map((file) => `--constraint ${quoted(file)}`),
    ...options.others,
  ];
}

/** pip reads its lists as a shell would. */
export function quotedPath(value: string): string {
  return /[\s"'\\]/.test(value) ? `"${value.replace(/(["\\])/g, '\\$1')}"` : value;
}

/**
 * Adds the options of one line (`--extra-index-url X`, `-iX`, `--pre`, several of them) to `options`; of `-r` and
 * its like it gives the files instead.
 */
export function readListOptions(
  line: string,
  options: ListOptions,
  within: Within = (name) => name,
): string[] {
  const files: string[] = [];
  const words = splitWords(line);
  for (let at = 0; at < words.length; at++) {
    const { name, value: joined } = optionOf(words[at] ?? '');
    const value = joined ?? (ownMember(OPTIONS, name) === true ? words[++at] : undefined);
    if (!Object.hasOwn(OPTIONS, name)) {
      // It is unknown how many of the words belong to it.
      addOnce(options.others, words.slice(at).join(' '));
      return files;
    }
    if (name === '--requirement') files.push(value ?? '');
    else addOption(options, { name, value, within });
  }
  return files;
}

function addOption(
  options: ListOptions,
  { name, value = '', within }: { name: string; value: string | undefined; within: Within },
): void {
  if (name === '--extra-index-url') addOnce(options.extraIndexUrls, withoutIndexName(value));
  else if (name === '--index-url' || name === '--pypi-url') options.indexUrl = withoutIndexName(value);
  else if (name === '--no-index') options.noIndex = true;
  else if (name === '--find-links') addOnce(options.findLinks, within(value));
  else if (name === '--constraint') addOnce(options.constraints, within(value));
  else addOnce(options.others, OPTIONS[name] === true ? `${name} ${value}` : name);
}

/** To uv, `name=address` is an index that gets the login of that name; to pip it is nothing. */
function withoutIndexName(value: string): string {
  return value.replace(/^[\w.-]+=(?=[a-z][a-z0-9+.-]*:\/\/|\$\{)/i, '');
}

/** `--extra-index=X` → `--extra-index-url`, `X`; `-iX` → `--index-url`, `X`. */
function optionOf(word: string): { name: string; value: string | undefined } {
  const short = ownMember(SHORT, word.slice(0, 2));
  if (short !== undefined)
    return { name: short, value: word.length > 2 ? word.slice(2).replace(/^=/, '') : undefined };
  const [, text = word, value] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
  const known = Object.keys(OPTIONS).filter((name) => name.startsWith(text));
  const [only] = known.includes(text) ? [text] : known.length === 1 ? known : [];
  return { name: only ?? text, value };
}

/** Whether a line names a package to install editable: `-e ./lib`, `-e./lib`, `--editable=./lib`. */
export function isEditable(line: string): boolean {
  return EDITABLE.test(line);
}

/** What such a line installs, without quotes. */
export function editableTarget(line: string): string {
  const text = line.replace(EDITABLE, '').trim();
  const quoted = /^(['"])(.*?)\1(?=\s|$)(.*)$/.exec(text);
  return quoted === null ? text.replace(/\\ /g, ' ') : `${quoted[2]}${quoted[3]}`;
}

const EDITABLE = /^(?:-e\s*=?|--e(?:d(?:i(?:t(?:a(?:b(?:le?)?)?)?)?)?)?(?:\s+|=))/;

export function addOnce(list: string[], value: string, repeat = false): void {
  if (repeat || !list.includes(value)) list.push(value);
}

/** The options with every file and folder named from this one on. */
export function fromFolder(options: ListOptions, folder: string): ListOptions {
  const placed = (name: string): string => (isRelative(name) ? `${folder}/${name}` : name);
  return {
    ...options,
    findLinks: options.findLinks.map(placed),
    constraints: options.constraints.map(placed),
  };
}

export function isRelative(name: string): boolean {
  return !/^(?:[/~]|\$\{|[a-z][a-z0-9+.-]*:)/i.test(name);
}
