import type { Entry, ZipFile } from 'yauzl';
import { causeLine } from '../../../errors.js';
import { BadBundle, LIMITS, RATIO_FROM } from './bundle.js';

/** Kinds of files in the mode that Unix programs write. */
const KIND = 0o170000;
const REGULAR = 0o100000;

/**
 * The files of an archive by their paths, all in memory. Paths that lead out of it, links, encrypted files and more than
 * the limits are refused before anything is unpacked.
 *
 * @param where name of the archive, for the messages
 * @throws BadBundle
 */
export async function unpack(archive: Buffer, where: string): Promise<Map<string, Buffer>> {
  if (archive.length > LIMITS.archive)
    throw new BadBundle(`${where}: expected at most ${LIMITS.archive} bytes, found ${archive.length}`);
  const { fromBufferPromise } = await import('yauzl');
  const zip = await reading(where, () => fromBufferPromise(archive, { strictFileNames: true }));
  try {
    const entries = await listed(zip, where);
    const files = new Map<string, Buffer>();
    for (const entry of entries) files.set(entry.fileName, await reading(where, () => content(zip, entry)));
    return files;
  } finally {
    zip.close();
  }
}

/** All entries, checked by what they say of themselves. The library checks that they tell the truth. */
async function listed(zip: ZipFile, where: string): Promise<Entry[]> {
  const refuse = (message: string): never => {
    throw new BadBundle(`${where}: ${message}`);
  };
  if (zip.entryCount > LIMITS.files)
    refuse(`expected at most ${LIMITS.files} files, found ${zip.entryCount}`);
  const entries: Entry[] = [];
  const names = new Set<string>();
  let total = 0;
  await reading(where, async () => {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      const problem = problemOf(entry) ?? (names.has(entry.fileName) ? 'it is there twice' : undefined);
      if (problem !== undefined) refuse(`"${entry.fileName}": ${problem}`);
      total += entry.uncompressedSize;
      if (total > LIMITS.total) refuse(`expected at most ${LIMITS.total} bytes unpacked, found more`);
      names.add(entry.fileName);
      entries.push(entry);
    }
  });
  return entries;
}

function problemOf(entry: Entry): string | undefined {
  const { uncompressedSize: size, compressedSize, externalFileAttributes } = entry;
  const kind = (externalFileAttributes >>> 16) & KIND;
  if (kind !== 0 && kind !== REGULAR) return 'expected a plain file, found a link or a device';
  if (entry.isEncrypted()) return 'expected a file without a password, found an encrypted one';
  if (size > LIMITS.file) return `expected at most ${LIMITS.file} bytes, found ${size}`;
  if (size > RATIO_FROM && size > compressedSize * LIMITS.ratio)
    return `expected a file at most ${LIMITS.ratio} times larger than in the archive, found ${size} bytes from ${compressedSize}`;
  return undefined;
}

async function content(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Errors of the library say what is wrong with the archive. */
async function reading<T>(where: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof BadBundle) throw error;
    throw new BadBundle(`${where}: expected a zip archive that can be unpacked, found: ${causeLine(error)}`);
  }
}
