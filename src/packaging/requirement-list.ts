import path from 'node:path';
import { AgentError } from '../errors.js';
import {
  emptyOptions,
  isEditable,
  isRelative,
  type ListOptions,
  readListOptions,
  type Within,
} from './list-options.js';
import { parseRequirement, type Requirement, withoutComment } from './requirement.js';

/** A requirements list: its lines, and the options that count for all of it. */
export interface RequirementList {
  requirements: Requirement[];
  options: ListOptions;
  /** Files that the list names with `-r` and that are not there, as paths from where the list is. */
  missing: string[];
}

/** Gives the text of a file named in a list, relative to the file that names it; `undefined`: there is none. */
export type ReadListed = (file: string) => string | undefined;

/** How deep files may name files. */
const MAX_DEPTH = 10;
/** Links give one file many names, so that counting names alone would not end. */
const MAX_FILES = 1000;

/** Where a line of a list ends for pip, which reads it by `str.splitlines` of Python. */
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
/** A blank to Python and not to JavaScript. */
const BLANK = /\x1f/g;

/**
 * Text of a task is one text or a list of lines. Lines end and begin where they do for pip: what pip takes for an
 * option of the list is never part of a package here.
 */
export function linesOf(text: string | readonly string[] | null | undefined): string[] {
  const texts = typeof text === 'string' ? [text] : (text ?? []);
  const lines = texts.flatMap((one) => one.split(LINE_END));
  return joinContinued(lines.map((line) => line.replace(/^\ufeff/, '').replace(BLANK, ' ')));
}

/**
 * A file that is named more than once, by itself for one, is read once.
 *
 * @param isElsewhere whether only the installer can read a file that `-r` names: an address, a path in a container
 */
export function parseRequirementList(
  text: string | readonly string[] | null | undefined,
  read: ReadListed = () => undefined,
  isElsewhere: (file: string) => boolean = isAddress,
): RequirementList {
  const list: RequirementList = { requirements: [], options: emptyOptions(), missing: [] };
  readLines(linesOf(text), {
    list,
    read,
    isElsewhere,
    within: (name) => name,
    depth: 0,
    seen: new Set(),
  });
  return list;
}

/** An address that is no file of this machine. */
export function isAddress(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(name) && !/^file:/i.test(name);
}

/** pip asks for a hash of every package of a list once one line has one. */
export function hasHashes({
  requirements,
  options,
}: Pick<RequirementList, 'requirements' | 'options'>): boolean {
  return (
    options.others.includes('--require-hashes') ||
    requirements.some((one) => one.options.some((option) => option.startsWith('--hash')))
  );
}

/** The list that is being read, and where the file with the lines is. */
interface Reading {
  list: RequirementList;
  read: ReadListed;
  isElsewhere: (file: string) => boolean;
  /** A path in the lines, as it is from where the list as a whole is. */
  within: Within;
  depth: number;
  /** Files that were read. */
  seen: Set<string>;
}

function readLines(lines: readonly string[], reading: Reading): void {
  const { list, within } = reading;
  for (const raw of lines) {
    // pip would join the line with the next one of the list that it is given.
    const line = raw.trim().replace(/[\s\\]+$/, '');
    const text = withoutComment(line);
    if (text === '' || text === '-Z' || text === '--always-unzip') continue;
    if (!text.startsWith('-') || isEditable(text)) list.requirements.push(parseRequirement(line));
    else for (const named of readListOptions(text, list.options, within)) readFile(named, reading);
  }
}

function readFile(named: string, reading: Reading): void {
  const { list, read, isElsewhere, within, depth, seen } = reading;
  const file = within(named);
  if (isElsewhere(file)) {
    list.requirements.push(parseRequirement(`-r ${file}`));
    return;
  }
  const name = path.posix.normalize(file);
  if (depth >= MAX_DEPTH || seen.has(name)) return;
  seen.add(name);
  if (seen.size > MAX_FILES)
    throw new AgentError('REQUIREMENTS_INSTALL', `the requirements name more than ${MAX_FILES} files by -r`, {
      hint: 'Check whether files or links of the repository lead in a circle.',
    });
  const content = read(file);
  if (content === undefined) list.missing.push(file);
  else readLines(linesOf(content), { ...reading, within: (other) => besides(file, other), depth: depth + 1 });
}

/** A file named in another one is looked for beside it. */
function besides(file: string, name: string): string {
  const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/') + 1) : '';
  return isRelative(name) ? folder + name : name;
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
