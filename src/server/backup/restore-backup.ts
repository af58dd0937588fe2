import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { diskError, ensureFolder, entryExists, syncFolder } from '../../os/files.js';
import { lockFolder } from '../storage/folder-lock.js';
import { checkDatabase } from './check.js';
import { type Extracted, extractBackup } from './extract-backup.js';
import { DATABASE, FILES, type Manifest, SECRETS } from './format.js';

export interface RestoreRequest {
  /** The archive. */
  file: string;
  /** Of the server, which must not run. */
  folder: string;
  /** Put the data that is there aside. */
  replace: boolean;
}

export interface RestoreResult {
  manifest: Manifest;
  files: number;
  /** Where the data is that was there before. */
  replaced?: string;
}

/** There while the data of a folder is exchanged: a server does not start on half of it. */
const MARK = 'restore-in-progress';
const STAGING = '.restore';

/**
 * Puts the content of a backup into the folder of a server. All of it is read and checked before anything there changes,
 * and what was there is moved to a folder beside it.
 *
 * @throws AgentError SERVER_BACKUP for a damaged archive, SERVER_FOLDER for a folder that is in use, DISK_FULL
 */
export async function restoreBackup({ file, folder, replace }: RestoreRequest): Promise<RestoreResult> {
  await ensureFolder(folder);
  const unlock = await lockFolder(folder);
  const staging = path.join(folder, STAGING);
  try {
    const hasData = await entryExists(path.join(folder, DATABASE));
    if (hasData && !replace)
      throw new AgentError('SERVER_FOLDER', `${folder} holds the data of a server`, {
        hint: 'Name another folder, or give --replace: the data there is then moved aside.',
      });
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { mode: 0o700 });
    const extracted = await extractBackup(file, staging);
    await checkDatabase(path.join(staging, DATABASE));
    const replaced = await exchange(folder, staging, extracted);
    return {
      manifest: extracted.manifest,
      files: extracted.files,
      ...(replaced === undefined ? {} : { replaced }),
    };
  } catch (error) {
    throw diskError(error, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
    await unlock();
  }
}

async function exchange(
  folder: string,
  staging: string,
  { manifest }: Extracted,
): Promise<string | undefined> {
  const mark = path.join(folder, MARK);
  await writeFile(mark, `from the backup of ${manifest.created}\n`, { mode: 0o600 });
  await syncFolder(folder);
  const incoming = [DATABASE, ...SECRETS, ...(manifest.files ? [FILES] : [])];
  const outgoing = [...incoming, `${DATABASE}-wal`, `${DATABASE}-shm`, `${DATABASE}-journal`];
  const aside = path.join(folder, `replaced-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`);
  let moved = false;
  for (const name of outgoing) {
    if (!(await entryExists(path.join(folder, name)))) continue;
    if (!moved) await mkdir(aside, { recursive: true, mode: 0o700 });
    moved = true;
    await rename(path.join(folder, name), path.join(aside, name));
  }
  for (const name of incoming) {
    if (name === FILES && !(await entryExists(path.join(staging, FILES)))) continue;
    await rename(path.join(staging, name), path.join(folder, name));
  }
  await syncFolder(folder);
  await rm(mark);
  await syncFolder(folder);
  return moved ? aside : undefined;
}

/** @throws AgentError SERVER_FOLDER for a folder whose restore was interrupted */
export async function requireWholeFolder(folder: string): Promise<void> {
  if (!(await entryExists(path.join(folder, MARK)))) return;
  throw new AgentError(
    'SERVER_FOLDER',
    `a restore into ${folder} was interrupted, so its data is not complete`,
    {
      hint: 'Run "agent server restore FILE --replace" again. What was there before is in its folder "replaced-…".',
    },
  );
}
