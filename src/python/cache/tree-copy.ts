import { constants, linkSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { copyFile, cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, systemCode } from '../../errors.js';
import { run } from '../../os/exec.js';
import { diskError, ensureFolder, isMissing } from '../../os/files.js';
import { Slices } from './tree-scan.js';

/** How a folder was copied: content shared copy-on-write, files linked, or plain copies. */
type CopyWay = 'reflink' | 'links' | 'copy';

export interface TreeCopy {
  from: string;
  /** Does not exist before. */
  to: string;
  /** A small file of the folder to try copy-on-write with. */
  trial: string;
  /** Files with a second name would let whoever writes to one copy change the other. */
  links?: false;
  env: Readonly<Record<string, string | undefined>>;
}

/** Errors of a file system that cannot link these two folders: another disk, too many links, not supported. */
const CANNOT_LINK: ReadonlySet<string | undefined> = new Set([
  'EXDEV',
  'EMLINK',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

/**
 * Copies a folder in an instant where the file system can: copy-on-write, else hard links. Links share
 * content, so what is changed in place later must be parted first.
 *
 * @throws AgentError DISK_FULL, ENVIRONMENT_CREATE
 */
export function copyTree(copy: TreeCopy): Promise<CopyWay> {
  const { from, to } = copy;
  return cleanly(copy, async () => {
    const way = await share(copy);
    if (way !== undefined) return way;
    if (!(await plainCopy(copy)))
      await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    return 'copy';
  });
}

/**
 * The same where it takes no space on the disk; else nothing is copied and the answer is `false`.
 *
 * @throws AgentError DISK_FULL, ENVIRONMENT_CREATE
 */
export function shareTree(copy: TreeCopy): Promise<boolean> {
  return cleanly(copy, async () => (await share(copy)) !== undefined);
}

async function share(copy: TreeCopy): Promise<CopyWay | undefined> {
  const { from, to, trial, links = true } = copy;
  if ((await canClone(path.join(from, trial), to)) && (await cloneTree(copy))) return 'reflink';
  if (links && (await linkTree(from, to))) return 'links';
  await rm(to, { recursive: true, force: true });
  return undefined;
}

/** Nothing is left of a copy that fails. */
async function cleanly<T>({ from, to }: TreeCopy, work: () => Promise<T>): Promise<T> {
  await ensureFolder(path.dirname(to));
  try {
    return await work();
  } catch (cause) {
    await rm(to, { recursive: true, force: true }).catch(() => undefined);
    const error = diskError(cause, to);
    throw error instanceof AgentError
      ? error
      : new AgentError('ENVIRONMENT_CREATE', `cannot copy ${from} to ${to}`, { cause });
  }
}

/** What `cp` must say to clone; macOS has other letters than Linux. */
const CLONE: readonly string[] =
  process.platform === 'darwin' ? ['-c', '-R', '-p'] : ['-a', '--reflink=always'];

/** A third of the time of Node's own copy. */
async function plainCopy({ from, to, env }: TreeCopy): Promise<boolean> {
  const result = await run(['cp', process.platform === 'darwin' ? '-Rp' : '-a', from, to], { env }).catch(
    () => undefined,
  );
  if (result?.exitCode === 0) return true;
  await rm(to, { recursive: true, force: true });
  return false;
}

async function cloneTree({ from, to, env }: TreeCopy): Promise<boolean> {
  const result = await run(['cp', ...CLONE, from, to], { env });
  if (result.exitCode !== 0) await rm(to, { recursive: true, force: true });
  return result.exitCode === 0;
}

/** Recreates the folders and links the files; `false` when the file system cannot. Half the time of `cp -al`. */
export async function linkTree(
  from: string,
  to: string,
  takes: (name: string) => boolean = () => true,
): Promise<boolean> {
  const folders: [from: string, to: string][] = [[from, to]];
  const slices = new Slices();
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const [source, target] = next;
    mkdirSync(target, { mode: lstatSync(source).mode });
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      if (!takes(entry.name)) continue;
      const [file, copy] = [`${source}/${entry.name}`, `${target}/${entry.name}`];
      if (entry.isDirectory()) folders.push([file, copy]);
      else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(file), copy);
      else if (!linked(file, copy)) return false;
      if (slices.isOver) await slices.next();
    }
  }
  return true;
}

/** A file that is gone by now was a module that is being compiled, under the name that it has until it is whole. */
function linked(file: string, copy: string): boolean {
  try {
    linkSync(file, copy);
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (CANNOT_LINK.has(systemCode(error))) return false;
    throw error;
  }
}

async function canClone(file: string, to: string): Promise<boolean> {
  const trial = `${to}.clone`;
  try {
    await copyFile(file, trial, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    await rm(trial, { force: true });
  }
}
