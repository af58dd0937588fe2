import { splitWords } from '../../config/shell-words.js';
import { parseRequirement, type Requirement, withoutComment } from './requirement.js';

/** A requirements list: its lines, and the options that count for all of it. */
export interface RequirementList {
  requirements: Requirement[];
  options: ListOptions;
}

export interface ListOptions {
  indexUrl: string | undefined;
  noIndex: boolean;
  extraIndexUrls: string[];
  findLinks: string[];
  constraints: string[];
  /** Any other option of the whole list, handed on as it is: `--pre`, `--no-binary :all:`, `--trusted-host h`. */
  others: string[];
}

/** Gives the text of a file named in a list, relative to the file that names it; `undefined`: there is none. */
export type ReadListed = (file: string) => string | undefined;

/** How deep files may name files; a list that names itself stops here. */
const MAX_DEPTH = 10;

/** Text of a task is one text or a list of lines. */
export function linesOf(text: string | readonly string[] | null | undefined): string[] {
  const lines =
    typeof text === 'string'
      ? text.split(/\r\n|\r|\n/)
      : (text ?? []).flatMap((line) => line.split(/\r\n|\r|\n/));
  return joinContinued(lines);
}

export function parseRequirementList(
  text: string | readonly string[] | null | undefined,
  read: ReadListed = () => undefined,
): RequirementList {
  const list: RequirementList = { requirements: [], options: emptyOptions() };
  readLines(linesOf(text), { list, read, within: (name) => name, depth: 0 });
  return list;
}

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

/** The options as lines of a requirements file. */
export function optionLines(options: ListOptions): string[] {
  return [
    ...(options.indexUrl === undefined ? [] : [`--index-url ${options.indexUrl}`]),
    ...(options.noIndex ? ['--no-index'] : []),
    ...options.extraIndexUrls.map((url) => `--extra-index-url ${url}`),
    ...options.findLinks.map((link) => `--find-links ${link}`),
    ...options.constraints.map((file) => `--constraint ${file}`),
    ...options.others,
  ];
}

/** The list that is being read, and where the file with the lines is. */
interface Reading {
  list: RequirementList;
  read: ReadListed;
  /** A path in the lines, as it is from where the list as a whole is. */
  within: (name: string) => string;
  depth: number;
}

function readLines(lines: readonly string[], reading: Reading): void {
  const { list, read, within, depth } = reading;
  for (const raw of lines) {
    const line = raw.trim();
    const text = withoutComment(line);
    if (text === '' || text === '-Z' || text === '--always-unzip') continue;
    if (!text.startsWith('-') || /^(?:-e|--editable)(?:\s|=)/.test(text)) {
      list.requirements.push(parseRequirement(line));
      continue;
    }
    const named = readListOption(text, list.options, within);
    const file = named === undefined ? undefined : within(named);
    const content = file === undefined || depth >= MAX_DEPTH ? undefined : read(file);
    if (file !== undefined && content !== undefined)
      readLines(linesOf(content), { ...reading, within: (name) => besides(file, name), depth: depth + 1 });
  }
}

/**
 * Adds an option (`--extra-index-url X`, `-iX`, `--pre`) to `options`; of `-r` it gives the file instead.
 *
 * @param within gives the path of a file or folder that the option names
 */
export function readListOption(
  text: string,
  options: ListOptions,
  within: (name: string) => string = (name) => name,
): string | undefined {
  const match = /^(--?[A-Za-z][A-Za-z-]*)(?:[\s=]+(.+))?$/.exec(text);
  const short = match?.[2] === undefined ? /^-([rcif])([^-\s].*)$/.exec(text) : null;
  const name = short === null ? match?.[1] : `-${short[1]}`;
  const value = splitWords((short === null ? match?.[2] : short[2]) ?? '').join(' ');
  if (name === '-r' || name === '--requirement') return value;
  if (name === '--extra-index-url') addOnce(options.extraIndexUrls, value);
  else if (name === '-i' || name === '--index-url' || name === '--pypi-url') options.indexUrl = value;
  else if (name === '--no-index') options.noIndex = true;
  else if (name === '-f' || name === '--find-links') addOnce(options.findLinks, within(value));
  else if (name === '-c' || name === '--constraint') addOnce(options.constraints, within(value));
  else addOnce(options.others, text);
  return undefined;
}

export function addOnce(list: string[], value: string, repeat = false): void {
  if (repeat || !list.includes(value)) list.push(value);
}

/** A file named in another one is looked for beside it. */
function besides(file: string, name: string): string {
  const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/') + 1) : '';
  return isRelative(name) ? folder + name : name;
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

function isRelative(name: string): boolean {
  return !/^(?:[/~]|[a-z][a-z0-9+.-]*:)/i.test(name);
}

/** A backslash at the end of a line joins it with the next one. */
function joinContinued(lines: readonly string[]): string[] {
  const joined: string[] = [];
  let open = '';
  for (const line of lines) {
    if (line.endsWith('\\') && !line.trimStart().startsWith('#')) {
      open += `${line.slice(0, -1).trimEnd()} `;
      continue;
    }
    joined.push(open + (open === '' ? line : line.trimStart()));
    open = '';
  }
  if (open !== '') joined.push(open.trimEnd());
  return joined;
}
