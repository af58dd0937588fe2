import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { diskError, ensureFolder, readTextIfThere, writeFileDurable } from '../../os/files.js';
import { programText } from '../../os/program-file.js';
import { jobFiles, type SlurmPlaceRef } from './slurm-ref.js';

/** Longer than any status and than the first line of what bash says. */
const STATUS_SPACE = `${' '.repeat(63)}\n`;
const SAID_SPACE = `${' '.repeat(1023)}\n`;

/** What belongs to the login node, or what Slurm sets in the job. */
const NOT_PASSED =
  /^(?:SLURM|SLURMD|SBATCH|SALLOC|SRUN)_|^(?:CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|HIP_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|ZE_AFFINITY_MASK|TMPDIR|HOSTNAME|XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS|INVOCATION_ID|NOTIFY_SOCKET)$/;
/** Bash does not let these be set. */
const READ_ONLY = new Set(['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID', '_']);

type Environment = Readonly<Record<string, string | undefined>>;

/** Folders of jobs in the shared folder. */
export function jobsFolder(shared: string): string {
  return path.join(shared, 'jobs');
}

/** Makes the folder of a job that does not exist yet, and notes in it whose it is. */
export async function makeJobFolder({ folder, runFolder, taskId }: SlurmPlaceRef): Promise<void> {
  try {
    await ensureFolder(path.dirname(folder));
    await mkdir(folder, { mode: 0o700 });
    await writeFileDurable(jobFiles(folder).owner, JSON.stringify({ runFolder, taskId }));
  } catch (error) {
    // No later daemon finds a folder without the note.
    await removeJobFolder(folder);
    throw diskError(error, folder);
  }
}

/** What a job runs. */
export interface JobCommand {
  argv: readonly [string, ...string[]];
  cwd: string;
  /** The whole environment of it. */
  env: Environment;
  /** Clears up after it. */
  after?: readonly string[] | undefined;
}

/** @throws AgentError DISK_FULL */
export async function writeScript({ folder }: SlurmPlaceRef): Promise<void> {
  const files = jobFiles(folder);
  try {
    await writeFile(files.script, programText('job.sh', import.meta.url), { mode: 0o700 });
    await writeFile(files.said, SAID_SPACE, { mode: 0o600 });
  } catch (error) {
    throw diskError(error, folder);
  }
}

/**
 * Writes what the script of the job runs.
 *
 * @throws AgentError DISK_FULL
 */
export async function writeCommand(ref: SlurmPlaceRef, command: JobCommand): Promise<void> {
  const files = jobFiles(ref.folder);
  const env = await withSharedFiles(ref, command.env);
  const pairs = Object.entries(env).filter(([, value]) => value !== undefined);
  const write = (file: string, words: readonly string[]) => writeFile(file, nulEnded(words), { mode: 0o600 });
  try {
    await write(
      files.environment,
      pairs.map(([name, value]) => `${name}=${value}`),
    );
    await write(files.command, [command.cwd, ...command.argv]);
    if (command.after !== undefined) await write(files.after, command.after);
    await writeFile(files.output, '', { mode: 0o600, flag: 'a' });
    // Last: with it the job is complete.
    await writeFileDurable(files.status, STATUS_SPACE);
  } catch (error) {
    throw diskError(error, ref.folder);
  }
}

export async function removeJobFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

export interface OwnedFolder {
  key: string;
  folder: string;
  runFolder: string;
  taskId: string;
}

/** Folders of jobs, of whatever agent, that say whose they are. */
export async function ownedFolders(shared: string): Promise<OwnedFolder[]> {
  const parent = jobsFolder(shared);
  const keys = await readdir(parent).catch(() => []);
  const found = await Promise.all(
    keys.map(async (key) => {
      const folder = path.join(parent, key);
      const text = await readTextIfThere(jobFiles(folder).owner).catch(() => undefined);
      const owner = ownerOf(text);
      return owner === undefined ? [] : [{ key, folder, ...owner }];
    }),
  );
  return found.flat();
}

function ownerOf(text: string | undefined): Pick<OwnedFolder, 'runFolder' | 'taskId'> | undefined {
  if (text === undefined) return undefined;
  try {
    const { runFolder, taskId }: Partial<Record<string, unknown>> = { ...Object(JSON.parse(text)) };
    if (typeof runFolder === 'string' && typeof taskId === 'string') return { runFolder, taskId };
  } catch {
    // Half written by an agent that was killed.
  }
  return undefined;
}

/** The variables that a job gets of an environment. */
export function forJobs<T extends string | undefined>(env: Readonly<Record<string, T>>): Record<string, T> {
  const kept = Object.entries(env).filter(
    ([name]) => /^[A-Za-z_]\w*$/.test(name) && !NOT_PASSED.test(name) && !READ_ONLY.has(name),
  );
  return Object.fromEntries(kept);
}

/** The run's folder is on this machine, perhaps alone: files in it that variables name go along. */
async function withSharedFiles({ folder, runFolder }: SlurmPlaceRef, env: Environment): Promise<Environment> {
  const own = path.join(runFolder, 'clearml.conf');
  const { config } = jobFiles(folder);
  const named = Object.entries(env).filter(([, value]) => value === own);
  if (named.length === 0) return env;
  try {
    await copyFile(own, config);
  } catch (error) {
    throw diskError(error, config);
  }
  return { ...env, ...Object.fromEntries(named.map(([name]) => [name, config])) };
}

function nulEnded(words: readonly string[]): string {
  return words.map((word) => `${word}\0`).join('');
}
