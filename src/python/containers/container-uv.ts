import { constants, existsSync } from 'node:fs';
import { copyFile, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../os/exec.js';
import { ensureFolder } from '../../os/files.js';
import { clearFolder } from '../clear-folder.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { UvProgram } from '../install/uv-installer.js';

/** uv's words for static programs of a machine. */
const STATIC_PLATFORM = {
  x86_64: 'x86_64-unknown-linux-musl',
  aarch64: 'aarch64-unknown-linux-musl',
} as const;
const FETCH_TIMEOUT_MS = 300_000;
const VERSION = /^uv (\d+\.\d+\.\d+)/;

/**
 * A uv for a container that has none: a copy of this machine's, or the static one of the same version, which runs
 * on any C library and is fetched once. A copy of its own: what a task does to it must not reach the machine.
 *
 * @returns `undefined` where this machine has no uv, or none that runs in the container
 */
export async function uvFromHost(
  job: EnvironmentJob,
  fits: (version: string) => boolean,
): Promise<UvProgram | undefined> {
  const { hostEnvironment, offline } = job.request;
  if (hostEnvironment === undefined || job.container === undefined) return undefined;
  const fetched = fetchedProgram(job);
  const own = await hostPrograms(hostEnvironment);
  const likely = job.container.libc === 'glibc' ? [...own, fetched] : [fetched, ...own];
  for (const program of likely) {
    const brought = await bring(job, program);
    if (brought !== undefined && fits(brought.version)) return brought;
  }
  if (offline === true || existsSync(fetched)) return undefined;
  const [program] = own;
  if (program === undefined || !(await fetchStatic(job, program, fetched))) return undefined;
  return bring(job, fetched);
}

function fetchedProgram({ request, container }: EnvironmentJob): string {
  return path.join(
    request.cacheFolder,
    'tools',
    `uv-container-${container?.machine}-${container?.libc}`,
    'uv',
  );
}

/** Programs on PATH and in the folders of uv's installers; scripts that start a program elsewhere do not count. */
async function hostPrograms(env: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const home = env.HOME ?? '/root';
  const folders = [...(env.PATH ?? '').split(':'), `${home}/.local/bin`, `${home}/.cargo/bin`];
  const files = [...new Set(folders.filter((folder) => folder !== '').map((folder) => `${folder}/uv`))];
  const programs = await Promise.all(files.map(isProgram));
  return files.filter((_, index) => programs[index]);
}

async function isProgram(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === '\u007fELF';
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

async function bring(job: EnvironmentJob, source: string): Promise<UvProgram | undefined> {
  const { place: inside, target, signal } = job.request;
  const { staging } = inside;
  const tools = `${target}.tools`;
  const copy = path.join(tools, 'uv');
  await clearFolder(inside, tools);
  if (!(await place(source, staging?.of(copy) ?? copy).catch(() => false))) return undefined;
  await staging?.handOver(tools);
  const program = inside.inside(copy);
  const answer = await inside.exec({ argv: [program, '--version'] }, { signal });
  const version = VERSION.exec(answer.stdout)?.[1];
  if (answer.exitCode === 0 && version !== undefined) return { program, version };
  await clearFolder(inside, tools);
  return undefined;
}

/** Copies a program; other tasks see it whole or not at all. */
async function place(source: string, target: string): Promise<boolean> {
  if (!existsSync(source)) return false;
  const temporary = `${target}.${process.pid}`;
  await ensureFolder(path.dirname(target), 0o755);
  await copyFile(source, temporary, constants.COPYFILE_FICLONE);
  await rename(temporary, target);
  return true;
}

async function fetchStatic(job: EnvironmentJob, uv: string, target: string): Promise<boolean> {
  const { hostEnvironment = {}, reporter, signal, cacheFolder } = job.request;
  const machine = job.container?.machine ?? '';
  const platform = Object.entries(STATIC_PLATFORM).find(([name]) => name === machine)?.[1];
  const version = VERSION.exec((await run([uv, '--version'], { env: hostEnvironment, signal })).stdout)?.[1];
  if (platform === undefined || version === undefined) return false;
  const folder = path.join(cacheFolder, 'tools', `uv-fetch.${process.pid}`);
  const flags = ['--quiet', '--no-deps', '--only-binary', ':all:', '--python-platform', platform];
  try {
    const result = await run([uv, 'pip', 'install', ...flags, '--target', folder, `uv==${version}`], {
      cwd: '/', // uv obeys the settings of a project in the folder where it starts
      env: hostEnvironment,
      signal,
      timeoutMs: FETCH_TIMEOUT_MS,
    });
    if (result.exitCode === 0) return await place(path.join(folder, 'bin', 'uv'), target);
    const why = result.stderr.trim().split('\n').at(-1) ?? '';
    reporter.line(`uv ${version} for ${platform} could not be fetched: ${why}`, 'WARNING');
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
