import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { type FileHandle, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { AgentError } from '../../errors.js';
import { diskError, entryExists, isMissing, readProblem, syncFolder } from '../../os/files.js';
import { runDatabaseJob } from '../storage/database-job.js';
import {
  DATABASE,
  DIGESTS,
  digestLine,
  FILES,
  isCompressed,
  MANIFEST,
  newManifest,
  SECRETS,
} from './format.js';

export interface BackupRequest {
  /** Of the server, which may run. */
  folder: string;
  /** The archive; it must not exist yet. */
  target: string;
  /** With what was uploaded to the file server. */
  files: boolean;
  agentVersion: string;
  signal?: AbortSignal;
}

export interface BackupResult {
  target: string;
  /** Of the archive. */
  bytes: number;
  /** Uploaded files in it. */
  files: number;
}

/**
 * Writes a backup of a server beside its work. The database in it is one moment of the server's; uploads are copied after
 * that moment, so all that the database names is there.
 *
 * @throws AgentError SERVER_BACKUP, SERVER_FOLDER, DISK_FULL, WRITE_DENIED
 */
export async function writeBackup(request: BackupRequest): Promise<BackupResult> {
  const target = path.resolve(request.target);
  await requireTarget(target);
  const snapshot = `${target}.snapshot`;
  const partial = `${target}.partial`;
  try {
    await rm(snapshot, { force: true });
    const handle = await open(snapshot, 'w', 0o600);
    await handle.close();
    const database = path.join(path.resolve(request.folder), DATABASE);
    await runDatabaseJob(database, 'VACUUM INTO ?', [snapshot], request.signal);
    const files = await writeArchive(request, snapshot, partial);
    await rename(partial, target);
    await syncFolder(path.dirname(target));
    return { target, bytes: (await stat(target)).size, files };
  } catch (error) {
    throw diskError(error, target);
  } finally {
    await Promise.all([snapshot, `${snapshot}-journal`, partial].map((file) => rm(file, { force: true })));
  }
}

async function requireTarget(target: string): Promise<void> {
  if (await entryExists(target))
    throw new AgentError('SERVER_BACKUP', `${target} is there already`, {
      hint: 'Name another file, or remove it.',
    });
  await requireBackupFolder(target);
}

/**
 * The folder of a backup is not made: where a disk is not mounted, the backup would go to the one below.
 *
 * @throws AgentError SERVER_BACKUP
 */
export async function requireBackupFolder(target: string): Promise<void> {
  const folder = path.dirname(target);
  const found = await stat(folder).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw diskError(error, folder);
  });
  if (found?.isDirectory() !== true)
    throw new AgentError('SERVER_BACKUP', `there is no folder ${folder} for the backup`);
}

async function writeArchive(request: BackupRequest, snapshot: string, partial: string): Promise<number> {
  const archive = pack();
  const output = createWriteStream(partial, { flags: 'w', mode: 0o600, flush: true });
  const compress = isCompressed(request.target) ? createGzip() : new PassThrough();
  const written = pipeline(Readable.from(archive), compress, output);
  const filled = fill(archive, request, snapshot);
  filled.catch((error: unknown) =>
    archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  // The first to fail says why.
  const [files] = await Promise.all([filled, written]);
  return files;
}

async function fill(archive: Pack, request: BackupRequest, snapshot: string): Promise<number> {
  const digests: string[] = [];
  const { folder, files: withFiles, agentVersion } = request;
  const created = new Date().toISOString();
  const manifest = newManifest({ created, agent_version: agentVersion, files: withFiles });
  digests.push(await addText(archive, MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`));
  digests.push((await addFile(archive, DATABASE, snapshot)) ?? '');
  for (const name of SECRETS)
    digests.push(await addText(archive, name, await readFile(path.join(folder, name), 'utf8')));
  let count = 0;
  if (withFiles) {
    for await (const relative of filesBelow(path.join(folder, FILES))) {
      request.signal?.throwIfAborted();
      const line = await addFile(archive, `${FILES}/${relative}`, path.join(folder, FILES, relative));
      if (line === undefined) continue;
      digests.push(line);
      count += 1;
    }
  }
  await addText(archive, DIGESTS, digests.join(''));
  archive.finalize();
  return count;
}

async function addText(archive: Pack, name: string, text: string): Promise<string> {
  const content = Buffer.from(text);
  await new Promise<void>((resolve, reject) => {
    archive.entry({ name, mode: 0o600, size: content.length }, content, (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return digestLine(createHash('sha256').update(content).digest('hex'), name);
}

/** Adds a file as it is at this moment; `undefined` for one that was removed meanwhile. */
async function addFile(archive: Pack, name: string, file: string): Promise<string | undefined> {
  const handle = await openIfThere(file);
  if (handle === undefined) return undefined;
  const { size, mtime } = await handle.stat();
  const hash = createHash('sha256');
  const entry = archive.entry({ name, mode: 0o600, size, mtime });
  const closed = new Promise<void>((resolve, reject) => {
    entry.once('close', resolve);
    entry.once('error', reject);
  });
  closed.catch(() => undefined);
  const content = size === 0 ? [] : handle.createReadStream({ end: size - 1 });
  for await (const chunk of content) {
    hash.update(chunk);
    if (!entry.write(chunk)) await Promise.race([once(entry, 'drain'), closed]);
  }
  if (size === 0) await handle.close();
  entry.end(undefined);
  await closed;
  return digestLine(hash.digest('hex'), name);
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new AgentError('SERVER_BACKUP', `cannot read ${file}: ${readProblem(error)}`, {
      cause: error,
    });
  }
}

/** Paths of plain files; uploads that are not complete are left out. */
async function* filesBelow(folder: string, relative = ''): AsyncGenerator<string> {
  const entries = await opendir(path.join(folder, relative)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  for await (const entry of entries) {
    const name = path.posix.join(relative, entry.name);
    if (entry.isDirectory()) yield* filesBelow(folder, name);
    else if (entry.isFile() && !(relative === '' && entry.name.startsWith('.upload-'))) yield name;
  }
}
