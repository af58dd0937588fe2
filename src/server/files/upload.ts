import { mkdir, open, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BusboyFileStream, BusboyHeaders } from '@fastify/busboy';
import { causeLine, systemCode } from '../../errors.js';
import { syncFolder } from '../../os/files.js';
import { ownMember } from '../../os/own-member.js';
import { ApiError } from '../api-error.js';
import { newId } from '../ids.js';

/** Bytes of the name of a part, which is a path. */
const MAX_NAME = 4096;

/** The file that a path of the wire means. @throws ApiError 404 for one that leads out of the folder */
export function fileOf(folder: string, wirePath: string): string {
  const relative = wirePath.replace(/^\/+/, '');
  const file = path.resolve(folder, relative);
  const isInside = file.startsWith(`${path.resolve(folder)}${path.sep}`);
  if (relative === '' || relative.includes('\0') || !isInside)
    throw new ApiError('unknown_endpoint', { path: wirePath });
  return file;
}

/**
 * Stores the parts of a multipart upload: the name of a part is the path of its file. Parts are written
 * as they come and renamed when whole, so a broken upload leaves nothing behind.
 *
 * @returns the paths, in order of arrival
 */
export async function receiveUpload(request: IncomingMessage, folder: string): Promise<string[]> {
  const { Busboy } = await import('@fastify/busboy');
  const { 'content-type': contentType } = request.headers;
  if (contentType?.startsWith('multipart/') !== true)
    throw new ApiError('bad_request', {}, 'expected multipart/form-data');
  const headers: BusboyHeaders = { ...request.headers, 'content-type': contentType };
  const parser = parserOf(() => new Busboy({ headers, limits: { fieldNameSize: MAX_NAME } }));
  const parts: BusboyFileStream[] = [];
  const stored: Promise<string>[] = [];
  parser.on('file', (name: string | undefined, stream: BusboyFileStream) => {
    // A body that ends too early reports it on the part, also before the part is read.
    stream.on('error', (error) => stream.destroy(error));
    const one = storePart(name, stream, folder);
    one.catch(() => stream.resume());
    parts.push(stream);
    stored.push(one);
  });
  try {
    await pipeline(request, parser);
  } catch (error) {
    for (const part of parts) part.destroy();
    await Promise.allSettled(stored);
    if (error instanceof ApiError) throw error;
    throw new ApiError('bad_request', {}, `the upload broke off: ${causeLine(error)}`);
  }
  return Promise.all(stored);
}

async function storePart(
  name: string | undefined,
  stream: BusboyFileStream,
  folder: string,
): Promise<string> {
  if (name === undefined) throw new ApiError('bad_request', {}, 'a part has no name, which is its path');
  const file = fileOf(folder, name);
  const temporary = path.join(folder, `.upload-${newId()}`);
  try {
    await writeAll(stream, temporary);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await rename(temporary, file);
    await syncFolder(path.dirname(file));
    return name.replace(/^\/+/, '');
  } catch (error) {
    await rm(temporary, { force: true });
    throw nameError(error, name);
  }
}

/** The parser waits for the end of a part, so a disk that takes no more must not destroy the stream. */
async function writeAll(stream: BusboyFileStream, file: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) await handle.appendFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The library refuses a type without a boundary at once. */
function parserOf<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new ApiError('bad_request', {}, causeLine(error));
  }
}

/** Codes of names that no file can have; any other error is one of the disk. */
const NAME_PROBLEMS: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'the name of the file is too long',
  EISDIR: 'a folder has that name',
  ENOTEMPTY: 'a folder has that name',
  ENOTDIR: 'the path leads through a file',
  EEXIST: 'the path leads through a file',
  EINVAL: 'no file can have that name',
  EILSEQ: 'no file can have that name',
};

function nameError(error: unknown, name: string): unknown {
  const problem = ownMember(NAME_PROBLEMS, systemCode(error) ?? '');
  return problem === undefined ? error : new ApiError('bad_request', { path: name.slice(0, 200) }, problem);
}
