import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from '../../os/files.js';

/** Scripts are small; a larger file in `bin` is a program, and those do not carry the path. */
const MAX_TEXT = 256 * 1024;

/** Packages that are used from a folder of sources name it in these. */
const FOLDER_FILES = /\.(pth|egg-link)$|^__editable__.*\.py$/;

/**
 * Lists the files of an environment, relative to it, that carry a path as text, its own or another: `pyvenv.cfg`,
 * scripts and their first lines, what names folders of sources, descriptions of Jupyter kernels.
 */
export async function filesWithPath(environment: string, place: string): Promise<string[]> {
  const candidates = ['pyvenv.cfg'];
  for (const folder of ['bin', 'Scripts', 'share/jupyter', 'etc'])
    candidates.push(...(await filesBelow(environment, folder)));
  for (const folder of await sitePackages(environment)) {
    const names = await readdir(path.join(environment, folder));
    candidates.push(
      ...names.filter((name) => FOLDER_FILES.test(name)).map((name) => path.join(folder, name)),
      ...names
        .filter((name) => name.endsWith('.dist-info'))
        .map((name) => path.join(folder, name, 'direct_url.json')),
    );
  }
  const found: string[] = [];
  for (const file of candidates) {
    const content = await textOf(path.join(environment, file));
    if (content?.includes(place)) found.push(file);
  }
  return found;
}

/**
 * Writes the new path into files that carry the old one. Each is replaced, not changed in place, because its
 * content may be shared with the copy it was linked from.
 */
export async function rewritePath(
  environment: string,
  files: readonly string[],
  from: string,
  to: string,
): Promise<void> {
  await Promise.all(
    files.map(async (name) => {
      const file = path.join(environment, name);
      const content = await textOf(file);
      if (content === undefined) return;
      const { mode } = await lstat(file);
      await rm(file);
      await writeFile(file, content.replaceAll(from, to), { mode: mode & 0o7777 });
    }),
  );
}

/** Folders of an environment where packages go, relative to it. */
export async function sitePackages(environment: string): Promise<string[]> {
  const folders = ['Lib/site-packages'];
  for (const name of await namesIn(path.join(environment, 'lib')))
    folders.push(path.join('lib', name, 'site-packages'));
  const there = await Promise.all(
    folders.map(
      async (folder) => (await lstatIfThere(path.join(environment, folder)))?.isDirectory() === true,
    ),
  );
  return folders.filter((_, at) => there[at]);
}

async function filesBelow(environment: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(path.join(environment, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(environment, file)));
    else if (entry.isFile()) found.push(file);
  }
  return found;
}

/** The text of a small regular file that is text. */
async function textOf(file: string): Promise<string | undefined> {
  const facts = await lstatIfThere(file);
  if (facts?.isFile() !== true || facts.size > MAX_TEXT) return undefined;
  const content = await readFile(file, 'utf8');
  return content.includes('\0') || content.includes('\ufffd') ? undefined : content;
}

async function lstatIfThere(file: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  return lstat(file).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
