import { rm } from 'node:fs/promises';
import { ApiError } from '../api-error.js';
import { isObject } from '../json.js';
import { fileOf } from './upload.js';

/** @throws ApiError 404 for what is no file */
export async function removeFile(folder: string, wirePath: string): Promise<void> {
  try {
    await rm(fileOf(folder, wirePath));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('unknown_endpoint', { path: wirePath });
  }
}

/**
 * Removes files, and folders with what is in them; each fails by itself.
 *
 * @param body JSON with the paths, percent-encoded, in `files`
 * @throws ApiError 400/0 for any other body
 */
export async function deleteMany(body: unknown, folder: string): Promise<Record<string, unknown>> {
  const files = requestedFiles(body);
  const deleted: Record<string, string> = {};
  const errors: Record<string, string[]> = {};
  for (const file of files) {
    const problem = await removal(file, folder);
    if (problem === undefined) deleted[file] = pathOf(file);
    else errors[problem] = [...(errors[problem] ?? []), file];
  }
  return { deleted, errors };
}

function requestedFiles(body: unknown): string[] {
  const files = typeof body === 'string' ? parsed(body) : undefined;
  if (!Array.isArray(files) || files.length === 0 || files.some((file) => typeof file !== 'string'))
    throw new ApiError('bad_request', {}, 'expected JSON with a list of paths in "files"');
  return files;
}

function parsed(body: string): unknown {
  try {
    const request: unknown = JSON.parse(body);
    return isObject(request) ? request.files : undefined;
  } catch {
    return undefined;
  }
}

/** Removes one; what it is that prevents it. */
async function removal(file: string, folder: string): Promise<string | undefined> {
  const wirePath = pathOf(file);
  if (wirePath.replaceAll('/', '').trim() === '') return 'Empty path not allowed';
  try {
    await rm(fileOf(folder, wirePath), { recursive: true });
    return undefined;
  } catch {
    return 'Not found';
  }
}

function pathOf(file: string): string {
  try {
    return decodeURIComponent(file.replaceAll('+', ' ')).replace(/^\/+/, '');
  } catch {
    return file.replace(/^\/+/, '');
  }
}
