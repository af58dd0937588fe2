import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, systemCode } from '../../errors.js';
import { readProblem } from '../../os/files.js';
import {
  BadBundle,
  type Bundle,
  bundleOf,
  definitionText,
  LIMITS,
  readBundle,
} from '../../server/apps/archive/bundle.js';
import { unpack } from '../../server/apps/archive/unpack.js';

const DEFINITION = '.app.conf';

/**
 * Reads the application that a path names: its file, the folder that has it, or an archive.
 *
 * @throws AgentError USAGE for a path that cannot be read, APP_INVALID for files that are no application
 */
export async function bundleAt(target: string): Promise<Bundle> {
  try {
    const found = await stat(target);
    if (found.isDirectory()) return await folderBundle(target);
    if (target.endsWith(DEFINITION)) return await folderBundle(path.dirname(target), path.basename(target));
    if (target.endsWith('.conf'))
      throw new BadBundle(
        `${target}: expected a name that ends with ${DEFINITION}, such as simple${DEFINITION}`,
      );
    const files = bundleOf(await unpack(await readLimited(target), target), target);
    return readBundle(files, `${target}/${files.name}`);
  } catch (error) {
    if (error instanceof BadBundle) throw new AgentError('APP_INVALID', error.message);
    if (systemCode(error) === undefined) throw error;
    throw new AgentError('USAGE', `cannot read ${target}: ${readProblem(error)}`, {
      cause: error,
      hint: 'Name an application: NAME.app.conf, its folder or a zip.',
    });
  }
}

/** Whether a path names a file; one that is not there names none. */
export async function isFile(target: string): Promise<boolean> {
  const found = await stat(target).catch(() => undefined);
  return found?.isFile() === true;
}

/** @param only the application file, where one is named */
async function folderBundle(folder: string, only?: string): Promise<Bundle> {
  const names =
    only === undefined ? (await readdir(folder)).filter((name) => name.endsWith(DEFINITION)) : [only];
  const all = new Map<string, Buffer>();
  for (const name of names) all.set(name, await readLimited(path.join(folder, name)));
  const files =
    only === undefined
      ? bundleOf(all, folder)
      : { name: only, text: definitionText(all.get(only) ?? Buffer.alloc(0), path.join(folder, only)) };
  const assets = await assetsIn(path.join(folder, 'assets'));
  return readBundle({ ...files, assets }, path.join(folder, files.name));
}

/** The files below a folder by their paths; hidden ones are left out. */
async function assetsIn(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let total = 0;
  for (const name of await namesBelow(folder, '')) {
    const file = path.join(folder, name);
    if (!(await lstat(file)).isFile())
      throw new BadBundle(`${file}: expected a plain file, found a link or a device`);
    const content = await readLimited(file);
    total += content.length;
    files.set(name, content);
    if (files.size >= LIMITS.files)
      throw new BadBundle(`${folder}: expected at most ${LIMITS.files - 1} files, found more`);
    if (total > LIMITS.total)
      throw new BadBundle(`${folder}: expected at most ${LIMITS.total} bytes, found more`);
  }
  return files;
}

async function namesBelow(folder: string, below: string): Promise<string[]> {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    if (below === '' && systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const names: string[] = [];
  for (const entry of entries
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path.posix.join(below, entry.name);
    if (entry.isDirectory()) names.push(...(await namesBelow(folder, name)));
    else names.push(name);
  }
  return names;
}

async function readLimited(file: string): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > LIMITS.archive)
    throw new BadBundle(`${file}: expected at most ${LIMITS.archive} bytes, found ${size}`);
  return readFile(file);
}
