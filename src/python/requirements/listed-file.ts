import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentError, causeLine } from '../../errors.js';
import { isMissing } from '../../os/files.js';
import { pathInside, readRegularFile } from '../../os/inside-tree.js';

/** Marks at the start of a text that say how it is written, as pip reads them; the longer ones first. */
const MARKS: readonly [mark: readonly number[], encoding: string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/** Where files that a list names are looked for. */
export interface ListedFrom {
  /** Relative paths start here; `undefined`: the list has no folder. */
  folder: string | undefined;
  /** The work tree, and folders that the operator opens to all tasks. Only files below one of them are read. */
  roots: readonly string[];
}

/**
 * The text of a file that a list names.
 *
 * @throws AgentError REQUIREMENTS_INSTALL when it is outside of the roots, or there and not readable
 */
export function readListed({ folder, roots }: ListedFrom, file: string): string | undefined {
  const name = pathOf(file);
  if (folder === undefined && !path.isAbsolute(name)) return undefined;
  const full = path.resolve(folder ?? '/', name);
  const inside = roots
    .filter((root) => existsSync(root))
    .map((root) => pathInside(root, full))
    .find((one) => one !== undefined);
  if (inside === undefined) throw outsideError(file);
  try {
    return decodeText(readRegularFile(inside));
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new AgentError('REQUIREMENTS_INSTALL', `${file} cannot be read: ${causeLine(cause)}`, { cause });
  }
}

function outsideError(file: string): AgentError {
  return new AgentError(
    'REQUIREMENTS_INSTALL',
    `the requirements cannot be read: ${file} is outside of the repository: an absolute path, one with "..", or a link that leads out`,
    {
      hint: 'Commit the file, or let the operator of the agent list its folder in agent.package_manager.requirement_folders.',
    },
  );
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
