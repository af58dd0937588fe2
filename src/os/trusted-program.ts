import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../errors.js';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const EXECUTABLE = 0o111;

/**
 * What is wrong with a program that runs with the rights of this process because its configuration says so: no other
 * user may be able to exchange it. It and every folder above it belong to root or to the user of this process, and only
 * the owner can write to them. A folder further up may have the sticky bit (`/tmp`), which keeps names from others.
 *
 * @param file an absolute path; of a symbolic link both the link and the program are looked at
 * @returns `undefined` for a program that can be trusted
 */
export async function distrust(file: string): Promise<string | undefined> {
  try {
    const real = await realpath(file);
    const entry = await stat(real);
    if (!entry.isFile()) return 'it is not a file';
    if ((entry.mode & EXECUTABLE) === 0) return 'it is not executable (chmod 700)';
    return (await insecure(real)) ?? (await insecureFolders(real)) ?? (await insecureFolders(file));
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? 'it does not exist' : `it cannot be looked at (${code})`;
  }
}

async function insecureFolders(file: string): Promise<string | undefined> {
  for (let folder = path.dirname(file), isNear = true; ; folder = path.dirname(folder), isNear = false) {
    const problem = await insecure(folder, !isNear);
    if (problem !== undefined) return problem;
    if (folder === path.dirname(folder)) return undefined;
  }
}

async function insecure(file: string, maySticky = false): Promise<string | undefined> {
  const { uid, mode } = await stat(file);
  const me = process.getuid?.();
  if (me !== undefined && uid !== me && uid !== 0)
    return `${file} belongs to user ${uid}, neither to root nor to the agent's user (${me})`;
  if ((mode & WRITABLE_BY_OTHERS) === 0 || (maySticky && (mode & STICKY) !== 0)) return undefined;
  return `${file} can be written by other users (mode ${(mode & 0o7777).toString(8)}, chmod go-w)`;
}
