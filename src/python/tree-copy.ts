import { constants } from 'node:fs';
import { copyFile, cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../errors.js';
import { run } from '../os/exec.js';
import { ensureFolder } from '../os/files.js';

/** How a folder was copied: files shared copy-on-write, files linked, or plain copies. */
export type CopyWay = 'reflink' | 'links' | 'copy';

/**
 * Copies a folder in an instant where the file system can: copy-on-write, else hard links. `to` does not
 * exist before. Links share content, so what is changed in place later must be parted first.
 *
 * @throws AgentError DISK_FULL, ENVIRONMENT_CREATE
 */
export async function copyTree(
  from: string,
  to: string,
  probeFile: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<CopyWay> {
  await ensureFolder(path.dirname(to));
  const ways: CopyWay[] = (await canClone(path.join(from, probeFile), to))
    ? ['reflink', 'links', 'copy']
    : ['links', 'copy'];
  let detail = '';
  for (const way of ways) {
    await rm(to, { recursive: true, force: true });
    const words = process.platform === 'win32' ? undefined : COMMANDS[way];
    if (words === undefined) break;
    const result = await run(['cp', ...words, from, to], { env });
    if (result.exitCode === 0) return way;
    detail = result.stderr.trim();
    if (/No space left|quota exceeded/i.test(detail))
      throw new AgentError('DISK_FULL', `cannot write ${to}: no space left on the disk`, { detail });
  }
  await rm(to, { recursive: true, force: true });
  await plainCopy(from, to, detail);
  return 'copy';
}

/** What `cp` must say for each way; macOS links and clones with other letters than Linux. */
const COMMANDS: Readonly<Record<CopyWay, string[] | undefined>> =
  process.platform === 'darwin'
    ? { reflink: ['-c', '-R', '-p'], links: undefined, copy: ['-R', '-p'] }
    : { reflink: ['-a', '--reflink=always'], links: ['-al'], copy: ['-a'] };

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

async function plainCopy(from: string, to: string, detail: string): Promise<void> {
  try {
    await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  } catch (cause) {
    throw new AgentError('ENVIRONMENT_CREATE', `cannot copy ${from} to ${to}`, { detail, cause });
  }
}
