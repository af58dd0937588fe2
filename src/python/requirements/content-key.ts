import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathInside } from '../../os/inside-tree.js';
import { ARCHIVE } from '../../packaging/requirement.js';
import { isAddress } from '../../packaging/requirement-list.js';
import type { LocatedList } from './requirement-files.js';

/**
 * The content of the files that a list installs from or is limited by: constraints with the files that these name,
 * packages by their paths, folders of packages of the repository. `undefined` where a package is a file that only the
 * place of the task has.
 */
export function contentKey({ list, folder, constraints }: LocatedList): string[] | undefined {
  const archives = list.requirements
    .filter(({ kind, uri = '' }) => kind === 'local' && ARCHIVE.test(uri))
    .map(({ uri = '' }) => archiveDigest(folder, uri));
  if (archives.includes(undefined)) return undefined;
  const links = list.options.findLinks.map((link) => folderDigest(folder, link));
  return [...archives, ...(constraints?.texts ?? []), ...links].filter((one) => one !== undefined);
}

function archiveDigest(folder: string | undefined, uri: string): string | undefined {
  const name = decoded(uri.replace(/^file:(?:\/\/[^/]*)?/i, '').replace(/\[[^\]]*\]$/, ''));
  if (folder === undefined && !path.isAbsolute(name)) return undefined;
  return fileDigest(path.resolve(folder ?? '/', name));
}

/** Only of folders of the repository: others are like an index, where new versions may come at any time. */
function folderDigest(folder: string | undefined, link: string): string | undefined {
  if (folder === undefined || isAddress(link)) return undefined;
  const full = path.resolve(folder, link);
  if (pathInside(folder, full) === undefined) return undefined;
  const names = filesOf(full).filter((name) => ARCHIVE.test(name));
  return names.map((name) => `${name} ${fileDigest(path.join(full, name))}`).join('\n');
}

function filesOf(folder: string): string[] {
  try {
    return statSync(folder).isDirectory() ? readdirSync(folder).sort() : [];
  } catch {
    return [];
  }
}

function fileDigest(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
