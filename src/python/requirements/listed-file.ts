import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentError, causeLine } from '../../errors.js';
import { isMissing } from '../../os/files.js';

/** Marks at the start of a text that say how it is written, as pip reads them; the longer ones first. */
const MARKS: readonly [mark: readonly number[], encoding: string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/**
 * The text of a file named in a list whose relative paths start from `folder`.
 *
 * @throws AgentError REQUIREMENTS_INSTALL when it is there and cannot be read
 */
export function readListed(folder: string | undefined, file: string): string | undefined {
  const name = pathOf(file);
  if (folder === undefined && !path.isAbsolute(name)) return undefined;
  try {
    return decodeText(readFileSync(path.resolve(folder ?? '/', name)));
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new AgentError('REQUIREMENTS_INSTALL', `${file} cannot be read: ${causeLine(cause)}`, { cause });
  }
}

/**
 * A text file as pip reads it: by the mark at its start (PowerShell writes UTF-16 with one), else by the coding in
 * its first two lines, else UTF-8. Text that is none of these is in practice UTF-16 without a mark, or Latin-1.
 */
export function decodeText(bytes: Buffer): string {
  const marked = MARKS.find(([mark]) => mark.every((byte, at) => bytes[at] === byte));
  if (marked !== undefined) return new TextDecoder(marked[1]).decode(bytes);
  const half = encodingByZeros(bytes);
  if (half !== undefined) return new TextDecoder(half).decode(bytes);
  const named = /^(?:[^\n]*\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/.exec(bytes.toString('latin1'))?.[1];
  return decoded(bytes, 'utf-8') ?? decoded(bytes, named ?? '') ?? bytes.toString('latin1');
}

/** In UTF-16 every other byte of a Latin letter is zero. */
function encodingByZeros(bytes: Buffer): string | undefined {
  if (bytes.length < 2 || bytes.length % 2 !== 0 || !bytes.includes(0)) return undefined;
  return bytes[1] === 0 ? 'utf-16le' : bytes[0] === 0 ? 'utf-16be' : undefined;
}

function decoded(bytes: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function pathOf(file: string): string {
  try {
    return /^file:\/\//i.test(file) ? fileURLToPath(file) : file;
  } catch {
    return file;
  }
}
