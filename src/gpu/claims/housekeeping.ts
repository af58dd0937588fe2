import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { showsLife } from '../../os/lock-life.js';

/** A record whose writer died. All write under the lock, so who has the lock may remove it. */
const UNFINISHED = /^(claim|reservation|out-of-service)-.*\.tmp$/;
const LIFE = /^agent\.([0-9a-f]+)\.live$/;

/**
 * Removes what agents that were killed left in the folder. For the holder of the lock.
 *
 * @param own nonce of this process
 */
export async function clearLeftovers(folder: string, own: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (UNFINISHED.test(name) || (await isDeadLife(file, own)))
      await rm(file, { force: true }).catch(() => undefined);
  }
}

async function isDeadLife(file: string, own: string): Promise<boolean> {
  const nonce = LIFE.exec(path.basename(file))?.[1];
  return nonce !== undefined && nonce !== own && (await showsLife(file)) === false;
}
