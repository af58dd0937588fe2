import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BusboyFileStream, BusboyHeaders } from '@fastify/busboy';
import { causeLine } from '../../errors.js';
import { syncFolder } from '../../os/files.js';
import { ApiError } from '../api-error.js';
import { newId } from '../ids.js';

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
  const parser = new Busboy({ headers, limits: { fieldNameSize: 4096 } });
  const parts: BusboyFileStream[] = [];
  const stored: Promise<string>[] = [];
  parser.on('file', (name: string, stream: BusboyFileStream) => {
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
    throw new ApiError('bad_request', {}, `the upload broke off: ${causeLine(error)}`);
  }
  return Promise.all(stored);
}

async function storePart(name: string, stream: BusboyFileStream, folder: string): Promise<string> {
  const file = fileOf(folder, name);
  const temporary = path.join(folder, `.upload-${newId()}`);
  try {
    await pipeline(stream, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }));
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await rename(temporary, file);
    await syncFolder(path.dirname(file));
    return name.replace(/^\/+/, '');
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
