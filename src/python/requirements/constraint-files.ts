import path from 'node:path';
import { AgentError } from '../../errors.js';
import { type ListOptions, quotedPath } from '../../packaging/list-options.js';
import {
  isAddress,
  parseRequirementList,
  type ReadListed,
  type RequirementList,
} from '../../packaging/requirement-list.js';

/** What the files of constraints of a list say. pip reads them by itself and takes options in them for its own. */
export interface ListedConstraints {
  /** Content of each file. */
  texts: string[];
  /** Options of each file. */
  options: ListOptions[];
  /** Files that are named and not there. */
  missing: string[];
}

/** Links give one file many names. */
const MAX_FILES = 1000;

/**
 * The files of constraints of a list, with those that they name by `-c` and `-r`.
 *
 * @param read throws for files that a list may not name
 * @throws AgentError REQUIREMENTS_INSTALL for more than 1,000 files
 */
export function readConstraints(
  { options }: Pick<RequirementList, 'options'>,
  read: ReadListed,
  isElsewhere: (file: string) => boolean = isAddress,
): ListedConstraints {
  const found: ListedConstraints = { texts: [], options: [], missing: [] };
  const noting: ReadListed = (file) => {
    const text = read(file);
    if (text !== undefined) found.texts.push(text);
    return text;
  };
  const todo = [...options.constraints];
  const seen = new Set<string>();
  for (const file of todo) {
    const name = path.posix.normalize(file);
    if (seen.has(name) || isElsewhere(file)) continue;
    seen.add(name);
    if (seen.size > MAX_FILES) throw tooMany();
    const inner = parseRequirementList([`-r ${quotedPath(file)}`], noting, isElsewhere);
    found.options.push(inner.options);
    found.missing.push(...inner.missing);
    todo.push(...inner.options.constraints);
  }
  return found;
}

function tooMany(): AgentError {
  return new AgentError('REQUIREMENTS_INSTALL', `the requirements name more than ${MAX_FILES} files by -c`, {
    hint: 'Check whether files or links of the repository lead in a circle.',
  });
}
