import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { diskError, ensureFolder, readTextIfThere } from '../os/files.js';
import type { Place } from './driver.js';

/** The files of a place whose paths are those of this machine. */
export const HOST_FILES: Pick<Place, 'write' | 'read' | 'inside'> = {
  async write(file, content, mode = 0o600) {
    await ensureFolder(path.dirname(file));
    try {
      await writeFile(file, content, { mode });
      await chmod(file, mode);
    } catch (error) {
      throw diskError(error, file);
    }
  },
  read: readTextIfThere,
  inside: (hostPath) => hostPath,
};
