import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, readdir, readFile, readlink, rename } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from '../../os/files.js';
import { sitePackages } from './relocation.js';

/** Modules that Python's own `site` imports at each start. */
const HOOKS = ['sitecustomize', 'usercustomize'];
/** A line of a `.pth` file that Python executes: https://docs.python.org/3/library/site.html */
const IMPORT = /^import[ \t]+([\w.]+)/gm;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * What runs in an environment before any code of a task does: `pyvenv.cfg`, the programs of `bin`, `.pth` files and
 * the modules that they import, `sitecustomize`. Paths relative to the environment, each with the SHA-256 of its
 * content or the target of its link.
 */
export async function startFiles(environment: string): Promise<Record<string, string>> {
  const names = ['pyvenv.cfg', ...(await namesIn(environment, 'bin'))];
  for (const folder of await sitePackages(environment)) {
    const there = await namesIn(environment, folder);
    const lists = there.filter((name) => name.endsWith('.pth'));
    const texts = await Promise.all(
      lists.map((name) => readFile(path.join(environment, name), 'utf8').catch(() => '')),
    );
    const imported = texts.flatMap((text) =>
      [...text.matchAll(IMPORT)].map(([, name = '']) => name.split('.')[0] ?? ''),
    );
    const modules = [...HOOKS, ...imported].flatMap((name) => [`${name}.py`, `${name}/__init__.py`]);
    names.push(...lists, ...modules.map((name) => path.join(folder, name)));
  }
  const found: [string, string][] = [];
  for (const name of [...new Set(names)].sort()) {
    const digest = await digestOf(path.join(environment, name));
    if (digest !== undefined) found.push([name, digest]);
  }
  return Object.fromEntries(found);
}

/** Gives files a content of their own, so that who changes them in one copy changes no other. */
export async function partFiles(environment: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = path.join(environment, name);
    const facts = await lstat(file).catch(() => undefined);
    if (facts?.isFile() !== true || facts.nlink === 1) continue;
    const copy = `${environment}.part`;
    await copyFile(file, copy, constants.COPYFILE_FICLONE);
    await rename(copy, file);
  }
}

async function digestOf(file: string): Promise<string | undefined> {
  try {
    const facts = await lstat(file);
    if (facts.isSymbolicLink()) return `link ${await readlink(file)}`;
    if (!facts.isFile()) return undefined;
    if (facts.size > MAX_BYTES) return `size ${facts.size}`;
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function namesIn(environment: string, folder: string): Promise<string[]> {
  const names = await readdir(path.join(environment, folder)).catch(() => []);
  return names.map((name) => path.join(folder, name));
}
