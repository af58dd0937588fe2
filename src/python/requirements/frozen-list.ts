import path from 'node:path';
import {
  emptyOptions,
  fromFolder,
  type ListOptions,
  optionLines,
  quotedPath,
} from '../../packaging/list-options.js';
import type { MarkerValues } from '../../packaging/markers.js';
import { hasHashes } from '../../packaging/requirement-list.js';
import type { InstalledPackage } from '../install/environment-inspection.js';
import { type AskedPackage, freezeLines, withoutLogin } from '../install/freeze.js';
import { mergeOptions } from '../install/install-plan.js';
import { ADDED, type LocatedList, OF_TASK } from './requirement-files.js';

/** What a task is reported to have installed; both parts together are a list that installs the same again. */
export interface FrozenList {
  /** Lines of packages. */
  packages: string[];
  /** Lines of options: indexes, constraints, `--pre`. */
  options: string[];
}

/**
 * The list of what was installed, in place of the lists that it was installed from. It is read from the repository's
 * root, whichever folder they are in.
 *
 * @param root of the repository, on the host
 */
export function frozenList(
  packages: readonly InstalledPackage[],
  located: readonly LocatedList[],
  { markers, root }: { markers: MarkerValues; root: string | undefined },
): FrozenList {
  const options = located.map((one) => optionsFromRoot(one, root)).reduce(together, emptyOptions());
  return {
    packages: packagesOf(packages, located, markers),
    options: optionLines(options, quotedPath),
  };
}

/**
 * Where a list has hashes, each of its packages needs one, and those that the agent adds of its own have none: they
 * are added to the next run again. Lists with hashes and without cannot be one list with them.
 */
function packagesOf(
  packages: readonly InstalledPackage[],
  located: readonly LocatedList[],
  markers: MarkerValues,
): string[] {
  const lists = located.filter(({ from, list }) => from !== ADDED && list.requirements.length > 0);
  const asked: AskedPackage[] = located.flatMap(({ list }) => list.requirements);
  const hashed = lists.filter(({ list }) => hasHashes(list)).length;
  if (hashed === 0) return freezeLines(packages, asked, markers);
  const all = hashed === lists.length;
  const lines = freezeLines(packages, all ? asked : asked.map((one) => ({ ...one, options: [] })), markers);
  return all ? lines.filter((line) => / --hash|#sha\d+=/.test(line)) : lines;
}

/** In the list of a task a login is known to the server; one of the repository's files is not for it. */
function optionsFromRoot({ list, folder, from }: LocatedList, root: string | undefined): ListOptions {
  const below = folder === undefined || root === undefined ? '' : path.relative(root, folder);
  const placed = below === '' ? list.options : fromFolder(list.options, below);
  if (from === OF_TASK) return placed;
  return {
    ...placed,
    indexUrl: placed.indexUrl === undefined ? undefined : withoutLogin(placed.indexUrl),
    extraIndexUrls: placed.extraIndexUrls.map(withoutLogin),
    findLinks: placed.findLinks.map(withoutLogin),
  };
}

/** One list has one main index: the others are as good as further ones, as uv and pip take the best version of all. */
function together(first: ListOptions, second: ListOptions): ListOptions {
  const merged = mergeOptions(first, second);
  const other = second.indexUrl !== undefined && second.indexUrl !== merged.indexUrl ? [second.indexUrl] : [];
  return { ...merged, extraIndexUrls: [...new Set([...merged.extraIndexUrls, ...other])] };
}
