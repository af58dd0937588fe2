import { splitWords } from '../config/shell-words.js';
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
  readLines(linesOf(text), list, read, 0);
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

function readLines(lines: readonly string[], list: RequirementList, read: ReadListed, depth: number): void {
  for (const raw of lines) {
    const line = raw.trim();
    const text = withoutComment(line);
    if (text === '' || text === '-Z' || text === '--always-unzip') continue;
    if (!text.startsWith('-') || /^(?:-e|--editable)(?:\s|=)/.test(text)) {
      list.requirements.push(parseRequirement(line));
      continue;
    }
    readOption(text, list, (file) => {
      const content = depth < MAX_DEPTH ? read(file) : undefined;
      if (content !== undefined)
        readLines(linesOf(content), list, (name) => read(besides(file, name)), depth + 1);
    });
  }
}

function readOption(text: string, list: RequirementList, include: (file: string) => void): void {
  const file = readListOption(text, list.options);
  if (file !== undefined) include(file);
}

/** Adds an option (`--extra-index-url X`, `-iX`, `--pre`) to `options`; of `-r` it gives the file instead. */
export function readListOption(text: string, options: ListOptions): string | undefined {
  const match = /^(--?[A-Za-z][A-Za-z-]*)(?:[\s=]+(.+))?$/.exec(text);
  const short = match?.[2] === undefined ? /^-([rcif])([^-\s].*)$/.exec(text) : null;
  const name = short === null ? match?.[1] : `-${short[1]}`;
  const value = splitWords((short === null ? match?.[2] : short[2]) ?? '').join(' ');
  if (name === '-r' || name === '--requirement') return value;
  if (name === '--extra-index-url') addOnce(options.extraIndexUrls, value);
  else if (name === '-i' || name === '--index-url' || name === '--pypi-url') options.indexUrl = value;
  else if (name === '--no-index') options.noIndex = true;
  else if (name === '-f' || name === '--find-links') addOnce(options.findLinks, value);
  else if (name === '-c' || name === '--constraint') addOnce(options.constraints, value);
  else addOnce(options.others, text);
  return undefined;
}

export function addOnce(list: string[], value: string, repeat = false): void {
  if (repeat || !list.includes(value)) list.push(value);
}

/** A file named in another one is looked for beside it. */
function besides(file: string, name: string): string {
  const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/') + 1) : '';
  return name.startsWith('/') ? name : folder + name;
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
