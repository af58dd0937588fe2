import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { freeSpace } from '../../os/disk-usage.js';
import { runDatabaseJob } from '../storage/database-job.js';
import { lockFolder } from '../storage/folder-lock.js';
import { DATABASE } from './format.js';
import { requireWholeFolder } from './restore-backup.js';

/**
 * Gives back the space that removed data left in the database. The server must not run.
 *
 * @returns bytes before and after
 * @throws AgentError SERVER_FOLDER for a folder that is in use, DISK_FULL
 */
export async function compactFolder(folder: string): Promise<{ before: number; after: number }> {
  const file = path.join(folder, DATABASE);
  await runDatabaseJob(file, 'PRAGMA schema_version');
  const unlock = await lockFolder(folder);
  try {
    await requireWholeFolder(folder);
    await runDatabaseJob(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const before = (await stat(file)).size;
    const free = await freeSpace(folder);
    // The new database is written beside the old one, and then over it by way of the log.
    if (free < 2 * before)
      throw new AgentError(
        'DISK_FULL',
        `compacting needs ${2 * before} bytes on the disk of ${folder}, and ${free} are free`,
      );
    await runDatabaseJob(file, 'VACUUM');
    await runDatabaseJob(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
    return { before, after: (await stat(file)).size };
  } finally {
    await unlock();
  }
}
