import { existsSync } from 'node:fs';
import { readdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ExecResult } from '../../drivers/driver.js';
import { run } from '../../os/exec.js';
import { ensureFolder } from '../../os/files.js';
import { clearFolder } from '../clear-folder.js';
import type { ContainerSurvey } from '../containers/container-survey.js';
import type { EnvironmentRequest } from '../environment-request.js';
import type { PythonRequest } from './python-request.js';
import { accepts, describeVersion, satisfies } from './python-request.js';

/** An interpreter that uv keeps on this machine. They run from any folder and bring their own libraries. */
export interface ManagedInterpreter {
  folder: string;
  version: string;
  machine: string;
  libc: 'glibc' | 'musl';
}

/** uv's names of folders: `cpython-3.12.4-linux-x86_64-gnu`. Release candidates and builds without the GIL have further words. */
const FOLDER_NAME = /^cpython-(\d+\.\d+\.\d+)-linux-(\w+)-(gnu|musl)$/;

/** Reads uv's list of interpreters from the names of their folders. */
export function readManaged(parent: string, names: readonly string[]): ManagedInterpreter[] {
  return names.flatMap((name) => {
    const [, version, machine, libc] = FOLDER_NAME.exec(name) ?? [];
    if (version === undefined || machine === undefined) return [];
    return [{ folder: path.join(parent, name), version, machine, libc: libc === 'gnu' ? 'glibc' : 'musl' }];
  });
}

/** The newest that runs in the container and has the version asked for, else the newest of all that run there. */
export function chooseManaged(
  interpreters: readonly ManagedInterpreter[],
  { machine, libc }: Pick<ContainerSurvey, 'machine' | 'libc'>,
  request: Pick<PythonRequest, 'version' | 'range'>,
): ManagedInterpreter | undefined {
  const running = interpreters
    .filter((one) => one.machine === machine && one.libc === libc)
    .sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
  const major = request.version?.split('.', 1)[0];
  return (
    running.find((one) => accepts(request, one.version)) ??
    running.find((one) => satisfies(one.version, major))
  );
}

/**
 * Copies an interpreter that uv keeps on this machine into the workspace, for an image that has none. A copy of
 * its own: what a task does to it must not reach the machine.
 *
 * @returns the path of the program inside; `undefined` when none fits
 */
export async function bringInterpreter(
  request: EnvironmentRequest,
  survey: ContainerSurvey,
): Promise<string | undefined> {
  const { place, target, reporter, signal, pythonRequest, hostEnvironment = {} } = request;
  const chosen = chooseManaged(await managedInterpreters(hostEnvironment), survey, pythonRequest);
  if (chosen === undefined) return undefined;
  const begun = performance.now();
  const folder = `${target}.python`;
  await clearFolder(place, folder);
  const copied = await copyFolder(chosen.folder, place.staging?.of(folder) ?? folder, request);
  if (copied.exitCode === 0) await place.staging?.handOver(folder);
  const program = `${place.inside(folder)}/bin/python3`;
  const answer = copied.exitCode === 0 ? await place.exec({ argv: [program, '-c', ''] }, { signal }) : copied;
  if (answer.exitCode !== 0) {
    const [why = ''] = answer.stderr.trim().split('\n', 1);
    reporter.line(
      `Python ${chosen.version} of this machine does not run in the container: ${why}`,
      'WARNING',
    );
    await clearFolder(place, folder);
    return undefined;
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  reporter.line(`The image has no Python; brought Python ${chosen.version} of this machine in ${seconds} s`);
  const { by } = pythonRequest;
  if (!accepts(pythonRequest, chosen.version))
    reporter.line(
      `Python ${describeVersion(pythonRequest)} was asked for by ${by} and is not on this machine`,
      'WARNING',
    );
  return program;
}

/** Shares the content where the file system can, but never the files. */
async function copyFolder(
  from: string,
  to: string,
  { hostEnvironment = {}, signal }: EnvironmentRequest,
): Promise<ExecResult> {
  await rm(to, { recursive: true, force: true });
  await ensureFolder(path.dirname(to));
  const flags = process.platform === 'linux' ? ['-a', '--reflink=auto'] : ['-a'];
  return run(['cp', ...flags, from, to], { env: hostEnvironment, signal });
}

async function managedInterpreters(
  env: Readonly<Record<string, string | undefined>>,
): Promise<ManagedInterpreter[]> {
  const data = env.XDG_DATA_HOME || path.join(env.HOME ?? '/root', '.local/share');
  const parent = env.UV_PYTHON_INSTALL_DIR || path.join(data, 'uv/python');
  const names = await readdir(parent).catch(() => []);
  const listed = readManaged(parent, names).filter(({ folder }) =>
    existsSync(path.join(folder, 'bin/python3')),
  );
  return Promise.all(listed.map(async (one) => ({ ...one, folder: await realpath(one.folder) })));
}
