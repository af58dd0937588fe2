import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';

type EntryHeader = Parameters<Pack['entry']>[0];
type Pax = Record<string, string>;

/** A file, folder or link to put into an archive. */
export interface ArchiveEntry {
  /** In the archive. */
  name: string;
  /** On this machine; without one `content` counts. */
  file?: string;
  content?: string;
  type: 'file' | 'directory' | 'symlink' | 'fifo';
  mode: number;
  /** Bytes. */
  size: number;
  mtimeMs: number;
}

export interface ArchiveOwner {
  uid: number;
  gid: number;
}

/** All files, folders and links at and below `root`; sockets and the like are left out. */
export async function treeEntries(root: string, name = '.'): Promise<ArchiveEntry[]> {
  const stats = await lstat(root);
  const type = stats.isDirectory()
    ? 'directory'
    : stats.isSymbolicLink()
      ? 'symlink'
      : stats.isFile()
        ? 'file'
        : undefined;
  if (type === undefined) return [];
  const entry: ArchiveEntry = {
    name,
    file: root,
    type,
    mode: stats.mode & 0o7777,
    size: type === 'file' ? stats.size : 0,
    mtimeMs: stats.mtimeMs,
  };
  if (type !== 'directory') return [entry];
  const children = (await readdir(root)).sort();
  const below = await Promise.all(
    children.map((child) => treeEntries(path.join(root, child), path.posix.join(name, child))),
  );
  return [entry, ...below.flat()];
}

/** A tar archive that is made while it is read. */
export function archiveOf(entries: readonly ArchiveEntry[], owner: ArchiveOwner): Readable {
  const archive = pack();
  fill(archive, entries, owner).then(
    () => archive.finalize(),
    (error: Error) => archive.destroy(error),
  );
  return Readable.from(archive);
}

/**
 * The owner in an entry's header. tar-stream 3.2.2 writes numbers above 262143 as 262143, without an error, so a pax record
 * has them: accounts of a directory service are larger.
 */
export function ownerFields({ uid, gid }: ArchiveOwner): Pick<EntryHeader, 'uid' | 'gid'> & { pax: Pax } {
  return { uid, gid, pax: { uid: String(uid), gid: String(gid) } };
}

async function fill(archive: Pack, entries: readonly ArchiveEntry[], owner: ArchiveOwner): Promise<void> {
  for (const entry of entries) {
    const header: EntryHeader = {
      ...ownerFields(owner),
      name: entry.name,
      type: entry.type,
      mode: entry.mode,
      mtime: new Date(entry.mtimeMs),
      size: entry.size,
    };
    if (entry.type === 'symlink' && entry.file !== undefined) header.linkname = await readlink(entry.file);
    if (entry.type === 'file' && entry.file !== undefined) await addFile(archive, header, entry.file);
    else archive.entry(header, entry.content ?? '');
  }
}

async function addFile(archive: Pack, header: EntryHeader, file: string): Promise<void> {
  const size = header.size ?? 0;
  const sink = archive.entry(header);
  const written = new Promise<void>((resolve, reject) => {
    sink.once('close', resolve);
    sink.once('error', reject);
  });
  // A file that grows meanwhile is cut, so that the archive stays readable.
  const content = size === 0 ? [] : createReadStream(file, { end: size - 1 });
  for await (const chunk of content) {
    if (!sink.write(chunk)) await new Promise<void>((resolve) => sink.once('drain', () => resolve()));
  }
  sink.end(undefined);
  await written;
}
