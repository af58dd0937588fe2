import path from 'node:path';
import { parse } from 'smol-toml';
import { readListed } from '../requirements/listed-file.js';
import type { LocatedList } from '../requirements/requirement-files.js';

/** A package index that a task names: in a list, or with a name of its own in a project. */
export interface TaskIndex {
  name: string | undefined;
  url: string;
}

/** Those of the lists and of their files of constraints. */
export function indexesOfLists(
  lists: readonly { located: Pick<LocatedList, 'list' | 'constraints'> }[],
): TaskIndex[] {
  return lists
    .flatMap(({ located: { list, constraints } }) => [list.options, ...(constraints?.options ?? [])])
    .flatMap(({ indexUrl, extraIndexUrls, findLinks }) => [indexUrl ?? '', ...extraIndexUrls, ...findLinks])
    .filter((url) => url !== '')
    .map((url) => ({ name: undefined, url }));
}

/** Those of uv and poetry, also of the workspace above the project. */
export function indexesOfProject(from: { folder: string; roots: readonly string[] }): TaskIndex[] {
  return foldersUp(from).flatMap((folder) => [
    ...indexesOfText(readListed({ ...from, folder }, 'pyproject.toml')),
    ...indexesOfText(readListed({ ...from, folder }, 'uv.toml')),
  ]);
}

function foldersUp({ folder, roots }: { folder: string; roots: readonly string[] }): string[] {
  const above = path.dirname(folder);
  const ends = above === folder || roots.some((root) => path.resolve(root) === folder);
  return ends ? [folder] : [folder, ...foldersUp({ folder: above, roots })];
}

/** A file that does not parse is left to the tool, which says so. */
function indexesOfText(text: string | undefined): TaskIndex[] {
  try {
    const file = parse(text ?? '');
    const lists = [at(file, 'tool', 'uv', 'index'), at(file, 'index'), at(file, 'tool', 'poetry', 'source')];
    return lists.flatMap((list) => (Array.isArray(list) ? list : [])).flatMap(indexOf);
  } catch {
    return [];
  }
}

function indexOf(entry: unknown): TaskIndex[] {
  const [name, url] = [at(entry, 'name'), at(entry, 'url')];
  return typeof url === 'string' ? [{ name: typeof name === 'string' ? name : undefined, url }] : [];
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => {
    const record = typeof inner === 'object' && inner !== null ? inner : {};
    return Object.getOwnPropertyDescriptor(record, key)?.value;
  }, value);
}
