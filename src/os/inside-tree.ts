import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { AgentError } from '../errors.js';

/** No list, lock file or script of a task is as large, bytes; a file that never ends is none of them. */
const LARGEST = 64 * 1024 * 1024;

/**
 * The path that `file` means below `root`, with every link on the way resolved; it need not exist. `undefined` when
 * it is outside: by `..`, as an absolute path, or by a link. A dangling link is outside, since a write
 * would create its target.
 *
 * @param root an existing folder
 * @param file relative to `root`, or absolute
 */
export function pathInside(root: string, file: string): string | undefined {
  if (file.includes('\0')) return undefined;
  const top = realpathSync(root);
  const rest: string[] = [];
  for (let at = path.resolve(root, file); ; at = path.dirname(at)) {
    const real = realPathIfThere(at);
    if (real === 'broken link') return undefined;
    if (real === undefined) {
      rest.unshift(path.basename(at));
      continue;
    }
    const found = path.join(real, ...rest);
    return found === top || found.startsWith(path.join(top, path.sep)) ? found : undefined;
  }
}

/**
 * The folder above `file` that is a link, relative to `root`; `undefined` when there is none.
 *
 * @param file relative to `root`
 */
export function linkAbove(root: string, file: string): string | undefined {
  const parents = path.dirname(path.normalize(file)).split(path.sep);
  const above = parents.map((_, at) => parents.slice(0, at + 1).join(path.sep));
  return above.find((one) => lstatSync(path.join(root, one), { throwIfNoEntry: false })?.isSymbolicLink());
}

/**
 * The content of a regular file at a path that `pathInside` gave, its last part being no link by now either.
 *
 * @throws AgentError TASK_INVALID for what is no regular file or is larger than 64 MiB; system errors of the file
 */
export function readRegularFile(file: string): Buffer {
  // A pipe would block the process until another one writes into it.
  const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(handle);
    if (!facts.isFile()) throw new AgentError('TASK_INVALID', `${file} is not a regular file`);
    if (facts.size > LARGEST) {
      throw new AgentError(
        'TASK_INVALID',
        `${file} has ${facts.size} bytes, and at most ${LARGEST} are read`,
      );
    }
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a file at a path that `pathInside` gave, with the folders above it. A link in its place is an error. */
export function writeRegularFile(file: string, text: string, encoding: BufferEncoding = 'utf8'): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o666);
  try {
    writeFileSync(handle, text, encoding);
  } finally {
    closeSync(handle);
  }
}

function realPathIfThere(file: string): string | 'broken link' | undefined {
  try {
    return realpathSync(file);
  } catch {
    return lstatSync(file, { throwIfNoEntry: false }) === undefined ? undefined : 'broken link';
  }
}
