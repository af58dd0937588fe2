import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { AgentError, causeLine, systemCode } from '../../errors.js';
import { readProblem } from '../../os/files.js';
import { fileOf } from '../files/upload.js';
import {
  DATABASE,
  DIGESTS,
  digestLine,
  FILES,
  MANIFEST,
  type Manifest,
  notABackup,
  readManifest,
  SECRETS,
} from './format.js';

export interface Extracted {
  manifest: Manifest;
  /** Uploaded files. */
  files: number;
}

/** Texts are read into memory; other members go to the disk as they come. */
const LONGEST_MANIFEST = 64 * 1024;

/** What was read of an archive so far. */
interface Reading {
  file: string;
  folder: string | undefined;
  manifest?: Manifest;
  /** A line for each member, in their order. */
  digests: string[];
  /** What they should be. */
  expected?: string;
  files: number;
}

/**
 * Reads an archive to its end and checks every digest.
 *
 * @param folder where its members go; `undefined` to check them only
 * @throws AgentError SERVER_BACKUP
 */
export async function extractBackup(file: string, folder: string | undefined): Promise<Extracted> {
  const reading: Reading = { file, folder, digests: [], files: 0 };
  const archive = extract();
  const decompressing = await decompressor(file);
  const whole = pipeline(createReadStream(file), decompressing, archive);
  // Its errors end the iteration, too.
  whole.catch(() => undefined);
  try {
    for await (const member of archive) await readMember(member, member.header, reading);
    await whole;
  } catch (error) {
    throw readError(error, file, reading.manifest === undefined);
  }
  return checked(reading);
}

async function readMember(
  member: AsyncIterable<unknown>,
  { name, type, size = 0 }: Header,
  reading: Reading,
): Promise<void> {
  const { file, manifest, expected, digests } = reading;
  if (type !== 'file' || expected !== undefined)
    throw damaged(file, `unexpected member ${JSON.stringify(name)}`);
  if (manifest === undefined) {
    if (name !== MANIFEST || size > LONGEST_MANIFEST) throw notABackup(file);
    const text = await textOf(member);
    reading.manifest = readManifest(text, file);
    digests.push(digestLine(createHash('sha256').update(text).digest('hex'), name));
    return;
  }
  if (name === DIGESTS) {
    reading.expected = await textOf(member);
    return;
  }
  digests.push(await store(member, name, reading));
  if (name.startsWith(`${FILES}/`)) reading.files += 1;
}

function checked({ file, manifest, digests, expected, files }: Reading): Extracted {
  if (manifest === undefined) throw notABackup(file);
  if (expected === undefined) throw damaged(file, 'it ends before its digests: it was cut short');
  const wrong = firstDifference(digests.join(''), expected);
  if (wrong !== undefined) throw damaged(file, `the digest of ${wrong} is not right`);
  const names = new Set(digests.map((line) => line.slice(line.indexOf('  ') + 2, -1)));
  const missing = [DATABASE, ...SECRETS].find((name) => !names.has(name));
  if (missing !== undefined) throw damaged(file, `it has no ${missing}`);
  return { manifest, files };
}

/** Known by the first bytes, so that a renamed archive is read too. */
async function decompressor(file: string): Promise<NodeJS.ReadWriteStream> {
  const start: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file, { end: 1 })) start.push(chunk);
  } catch (error) {
    throw new AgentError('SERVER_BACKUP', `cannot read ${file}: ${readProblem(error)}`, {
      cause: error,
    });
  }
  return Buffer.concat(start).equals(Buffer.from([0x1f, 0x8b])) ? createGunzip() : new PassThrough();
}

async function store(
  member: AsyncIterable<unknown>,
  name: string,
  { file, folder }: Reading,
): Promise<string> {
  const isKnown = name === DATABASE || SECRETS.includes(name) || isUpload(name, folder ?? '/');
  if (!isKnown) throw damaged(file, `unexpected member ${JSON.stringify(name)}`);
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  if (folder === undefined)
    await pipeline(Readable.from(member), hashing, async (chunks) => {
      for await (const _chunk of chunks);
    });
  else {
    const to = path.join(folder, name);
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    await pipeline(
      Readable.from(member),
      hashing,
      createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }),
    );
  }
  return digestLine(hash.digest('hex'), name);
}

function isUpload(name: string, folder: string): boolean {
  if (!name.startsWith(`${FILES}/`)) return false;
  try {
    fileOf(path.join(folder, FILES), name.slice(FILES.length + 1));
    return true;
  } catch {
    return false;
  }
}

async function textOf(member: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of member) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The member at which two lists of digests differ. */
function firstDifference(found: string, expected: string): string | undefined {
  if (found === expected) return undefined;
  const lines = expected.split('\n');
  const at = found.split('\n').findIndex((line, index) => line !== lines[index]);
  return (lines[at] ?? found.split('\n')[at] ?? '').replace(/^\\?[0-9a-f]* {2}/, '') || DIGESTS;
}

function damaged(file: string, what: string): AgentError {
  return new AgentError('SERVER_BACKUP', `${file} is damaged: ${what}`, { hint: 'Restore another backup.' });
}

function readError(error: unknown, file: string, isFirst: boolean): unknown {
  if (error instanceof AgentError || systemCode(error)?.startsWith('E')) return error;
  return isFirst ? notABackup(file) : damaged(file, causeLine(error));
}
