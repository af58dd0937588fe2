import { randomBytes } from 'node:crypto';
import { access, chmod, constants, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { AgentError, causeLine, systemCode } from '../../errors.js';
import { ensureFolder, isMissing } from '../../os/files.js';

/** Where the agents of all users of a machine meet. */
export const SHARED_FOLDER = '/run/lock/clearml-agent-gpus';
/** Any user's agent makes and removes records. */
const SHARED_MODE = 0o777;

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no folder above it',
  ENOTDIR: 'there is no folder above it',
};

export interface TablePlace {
  folder: string;
  /** Why agents of other users are not seen; absent where they are. */
  alone?: string;
}

export interface TableSetting {
  /** `agent.gpu_table` */
  configured: string | undefined;
  /** The user's own, where the shared place cannot be used. */
  stateFolder: string;
  /** In the place of `/run/lock/clearml-agent-gpus`. */
  shared?: string;
  /** For a look alone: nothing is made, and a folder that is missing is an empty table. */
  look?: boolean;
}

/**
 * The folder of the machine's table, made where it is missing.
 *
 * @throws AgentError GPU_TABLE for a configured folder that cannot be used
 */
export async function tablePlace({
  configured,
  stateFolder,
  shared,
  look = false,
}: TableSetting): Promise<TablePlace> {
  const folder = configured ?? shared ?? SHARED_FOLDER;
  const problem = await problemOf(folder, look);
  if (problem === undefined) return { folder };
  if (configured !== undefined)
    throw new AgentError('GPU_TABLE', `agent.gpu_table: cannot use ${folder}: ${problem}`, {
      hint: 'Name a folder on this machine that every agent may write to, or remove the key.',
    });
  const own = path.join(stateFolder, 'gpus');
  await ensureFolder(own);
  return {
    // Named after the machine: a home may be one for many machines.
    folder: path.join(own, hostname()),
    alone: `cannot use ${folder}: ${problem}; GPU claims of other users' agents are not seen`,
  };
}

/** @throws the system's error when it cannot be made */
export async function ensureShared(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  // Made aside, so that no other agent meets it with the rights that the umask leaves.
  const made = `${folder}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(made);
    await chmod(made, SHARED_MODE);
    await rename(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    if (!(await isFolder(folder))) throw error;
  }
}

async function problemOf(folder: string, look: boolean): Promise<string | undefined> {
  try {
    const there = await lstat(folder).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (there?.isSymbolicLink() === true) return 'expected a folder, found a link';
    if (there?.isDirectory() === false) return 'expected a folder, found a file';
    // A look makes nothing; who may make the folder will use it.
    if (there === undefined && look) await access(path.dirname(folder), constants.W_OK);
    else await prepare(folder);
    return undefined;
  } catch (error) {
    return PROBLEMS[systemCode(error) ?? ''] ?? causeLine(error);
  }
}

async function prepare(folder: string): Promise<void> {
  await ensureShared(folder);
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
}

function isFolder(folder: string): Promise<boolean> {
  return lstat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
