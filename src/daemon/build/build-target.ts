import { lstat, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, causeLine, isAgentError, systemCode } from '../../errors.js';
import { ensureFolder, isMissing } from '../../os/files.js';
import { filesWithPath, rewritePath } from '../../python/cache/relocation.js';

/**
 * A folder that becomes a virtual environment with a task's code in it. Making the environment empties the
 * folder, so the code waits beside it until then.
 */
export interface BuildTarget {
  /** Absolute, without symbolic links above it. */
  folder: string;
  /** Folder beside it for the code. */
  staging: string;
  /** Brings the code into the target. @returns where a path of the staging folder is now */
  settle(): Promise<(file: string) => string>;
  /** Leaves everything as it was before the build. */
  discard(): Promise<void>;
}

/** @throws AgentError BUILD_TARGET for a folder that is not empty, cannot be written to or cannot be replaced */
export async function openTarget(wanted: string): Promise<BuildTarget> {
  try {
    await ensureFolder(path.dirname(wanted), 0o777);
    const folder = path.join(await realpath(path.dirname(wanted)), path.basename(wanted));
    const existed = await checkEmpty(folder);
    const staging = await mkdtemp(path.join(path.dirname(folder), `.${path.basename(folder)}.build-`));
    return {
      folder,
      staging,
      settle: () => settle(folder, staging),
      discard: async () => {
        await rm(staging, { recursive: true, force: true });
        await rm(folder, { recursive: true, force: true });
        if (existed) await mkdir(folder);
      },
    };
  } catch (error) {
    if (isAgentError(error, 'WRITE_DENIED')) throw unusable(wanted, causeLine(error), error);
    if (error instanceof AgentError) throw error;
    throw unusable(wanted, `it cannot be written to (${systemCode(error) ?? 'unknown'})`, error);
  }
}

/** @returns whether the folder is there */
async function checkEmpty(folder: string): Promise<boolean> {
  const entry = await lstat(folder).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (entry === undefined) return false;
  if (!entry.isDirectory()) throw unusable(folder, 'it is not a folder');
  if ((await readdir(folder)).length > 0) throw unusable(folder, 'it is not empty');
  const around = await stat(path.dirname(folder));
  if (around.dev !== entry.dev) throw unusable(folder, 'it is a mount point; name a folder inside it');
  return true;
}

async function settle(folder: string, staging: string): Promise<(file: string) => string> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(staging)) await rename(path.join(staging, name), path.join(folder, name));
  await rm(staging, { recursive: true, force: true });
  // Packages that are used from the sources of the task name the folder where these were.
  await rewritePath(folder, await filesWithPath(folder, staging), staging, folder);
  return (file) => (isBelow(file, staging) ? path.join(folder, path.relative(staging, file)) : file);
}

function isBelow(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}${path.sep}`);
}

function unusable(folder: string, why: string, cause?: unknown): AgentError {
  return new AgentError('BUILD_TARGET', `cannot build in ${folder}: ${why}`, {
    hint: 'Name a new or an empty folder with --target.',
    ...(cause === undefined ? {} : { cause }),
  });
}
