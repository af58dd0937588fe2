import { randomBytes } from 'node:crypto';
import { access, type FileHandle, lstat, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, causeLine, systemCode } from '../errors.js';

/** Files hold task output, credentials and state: for the user alone unless asked otherwise. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Replaces a file as a whole: after a crash or power cut there is the old content or the new, never a part.
 *
 * @throws AgentError DISK_FULL
 */
export function writeFileDurable(
  file: string,
  data: string | Uint8Array,
  mode: number = PRIVATE_FILE,
): Promise<void> {
  return replaceFile(file, data, { mode, durable: true });
}

/**
 * Replaces a file as a whole, for other processes to read: after a power cut it may be missing, as those processes are.
 *
 * @throws AgentError DISK_FULL
 */
export function writeFileWhole(file: string, data: string): Promise<void> {
  return replaceFile(file, data, { mode: PRIVATE_FILE, durable: false });
}

async function replaceFile(
  file: string,
  data: string | Uint8Array,
  { mode, durable }: { mode: number; durable: boolean },
): Promise<void> {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(data);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    if (durable) await syncFolder(path.dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw diskError(error, file);
  }
}

/** Moves a folder that stands where a file belongs out of the way; nothing of it is lost. */
export async function clearFolderAway(file: string): Promise<void> {
  const isFolder = await stat(file).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (isFolder) await rename(file, `${file}.no-file-${randomBytes(4).toString('hex')}`);
}

/** The text of a file; `undefined` when there is none. */
export async function readTextIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Makes a folder and those above it; `mode` (before the umask) is for the ones it makes.
 *
 * @throws AgentError DISK_FULL, WRITE_DENIED
 */
export async function ensureFolder(folder: string, mode: number = PRIVATE_FOLDER): Promise<void> {
  try {
    await makeFolders(path.resolve(folder), mode);
  } catch (error) {
    const why = NO_FOLDER[systemCode(error) ?? ''];
    throw why === undefined ? diskError(error, folder) : writeDenied(folder, why, error);
  }
}

/**
 * Node's own `recursive` retries without end where a file system refuses a name below an existing folder with ENOENT, as
 * /proc and automounted folders do.
 */
async function makeFolders(folder: string, mode: number): Promise<void> {
  try {
    await makeOne(folder, mode);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    await makeFolders(path.dirname(folder), mode);
    await makeOne(folder, mode);
  }
}

async function makeOne(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const isFolder = await stat(folder).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    if (!isFolder) throw error;
  }
}

/** Makes sure that names created, renamed or removed in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A file of JSON values, one a line, that is only appended to. Each value is on the disk when `append`
 * resolves. A last line that a crash cut short is removed when the file is opened.
 */
export class JsonLinesFile {
  readonly file: string;
  /** What the file held when it was opened; lines that are not JSON are left out. */
  readonly entries: readonly unknown[];
  readonly #handle: FileHandle;
  #size: number;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: string, handle: FileHandle, content: { entries: unknown[]; size: number }) {
    this.file = file;
    this.#handle = handle;
    this.entries = content.entries;
    this.#size = content.size;
  }

  /** @throws AgentError DISK_FULL */
  static async open(file: string, mode: number = PRIVATE_FILE): Promise<JsonLinesFile> {
    try {
      const handle = await open(file, 'a+', mode);
      const { size } = await handle.stat();
      // Of an empty file, `readFile` takes 64 KiB to look whether that is true.
      const content = parseLines(size === 0 ? Buffer.alloc(0) : await handle.readFile());
      await handle.truncate(content.size);
      await handle.sync();
      await syncFolder(path.dirname(file));
      return new JsonLinesFile(file, handle, content);
    } catch (error) {
      throw diskError(error, file);
    }
  }

  /**
   * Appends one value; calls made at once keep their order.
   *
   * @throws AgentError DISK_FULL; the file then ends with the value before
   */
  append(value: unknown): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    const written = this.#last.then(() => this.#write(line));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#handle.close();
  }

  async #write(line: Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(line);
      await this.#handle.datasync();
      this.#size += line.byteLength;
    } catch (error) {
      await this.#handle.truncate(this.#size).catch(() => undefined);
      throw diskError(error, this.file);
    }
  }
}

/** The values of such a file as far as it is written, without a change to it; none where there is no file. */
export async function readJsonLines(file: string): Promise<readonly unknown[]> {
  return parseLines(Buffer.from((await readTextIfThere(file)) ?? '')).entries;
}

/** The values of the whole lines, and the length up to the end of the last whole line. */
function parseLines(bytes: Buffer): { entries: unknown[]; size: number } {
  const size = bytes.lastIndexOf(0x0a) + 1;
  const entries: unknown[] = [];
  for (const line of bytes.toString('utf8', 0, size).split('\n')) {
    try {
      if (line !== '') entries.push(JSON.parse(line));
    } catch {
      // A block that a power cut left as zeros; the lines around it still count.
    }
  }
  return { entries, size };
}

/** Why a folder cannot be made, beside what keeps files from being written. */
const NO_FOLDER: Readonly<Record<string, string>> = {
  EEXIST: 'expected a folder, found a file or a broken symbolic link',
  ENOTDIR: 'expected folders on the path, found a file',
  ELOOP: 'the path has a link that leads to itself',
  ENOENT: 'the file system takes no new folders there',
  EPERM: 'the file system takes no new folders there',
};

const DENIED: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
};

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
};

/** Turns "no space left" and "permission denied" into the error that names the place; others stay as they are. */
export function diskError(error: unknown, where: string): unknown {
  const denied = DENIED[systemCode(error) ?? ''];
  if (denied !== undefined) return writeDenied(where, denied, error);
  const full = diskFull(error);
  if (full === undefined) return error;
  return new AgentError('DISK_FULL', `cannot write ${where}: ${full}`, {
    hint: `Free space on the file system of ${path.dirname(where)}.`,
    cause: error,
  });
}

/** Why a disk takes no more, if that is the error. */
export function diskFull(error: unknown): string | undefined {
  return FULL[systemCode(error) ?? ''];
}

function writeDenied(where: string, why: string, cause: unknown): AgentError {
  return new AgentError('WRITE_DENIED', `cannot write ${where}: ${why}`, {
    hint: 'Run the agent as a user who may write there, or name another folder: HOME, CLEARML_AGENT_STATE_DIR, agent.venvs_dir, the paths of the caches.',
    cause,
  });
}

/** Whether a file or folder is there; a link counts as what it leads to. */
export function exists(file: string): Promise<boolean> {
  return settles(access(file));
}

/** Whether a folder has an entry of that name; a link counts wherever it leads. */
export function entryExists(file: string): Promise<boolean> {
  return settles(lstat(file));
}

function settles(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

/** True for the error of a file, or a folder on its path, that does not exist. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'its path leads through a file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ELOOP: 'a link on its path leads to itself',
};

/** Why a file that a user names cannot be read, in the words of the system only where there are none here. */
export function readProblem(error: unknown): string {
  return UNREADABLE[systemCode(error) ?? ''] ?? causeLine(error);
}
