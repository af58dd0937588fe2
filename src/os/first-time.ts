import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureFolder } from './files.js';

/** Whether this name was never asked for with this folder before, in any process. */
export async function isFirstTime(folder: string, name: string): Promise<boolean> {
  await ensureFolder(folder);
  try {
    await writeFile(path.join(folder, encodeURIComponent(name).slice(0, 200)), '', {
      flag: 'wx',
      mode: 0o600,
    });
    return true;
  } catch {
    return false;
  }
}
