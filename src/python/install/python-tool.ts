import path from 'node:path';
import { AgentError } from '../../errors.js';
import { ensureFolder } from '../../os/files.js';
import { withLock } from '../../os/lock.js';
import { clearFolder } from '../clear-folder.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { Interpreter } from '../interpreter/interpreter.js';
import { optionLines } from '../requirements/list-options.js';
import { inspectEnvironment } from './environment-inspection.js';
import { type FailedInstall, installError } from './install-failure.js';
import { installFromList } from './installer.js';
import { createVenv, pipServesOthers } from './virtual-environment.js';

/** A package tool that is itself a Python package. */
export interface PythonTool {
  /** `poetry` */
  name: string;
  /** `poetry<2` */
  specifier: string;
  /** Runs the tool; may be another one than the task's. */
  interpreter: Interpreter;
}

/** How long another task may take to install the same tool. */
const INSTALL_TIMEOUT_MS = 600_000;

/**
 * Installs a tool into an environment of its own, so that it and the packages of tasks do not meet: on this
 * machine once for all tasks, in a container beside the task's environment. Gives the path of the program.
 *
 * @throws AgentError ENVIRONMENT_CREATE, REQUIREMENTS_INSTALL
 */
export async function installTool(job: EnvironmentJob, tool: PythonTool): Promise<string> {
  const { place, cacheFolder, target, reporter, signal } = job.request;
  if (place.capabilities.disposable) return makeTool(job, tool, `${target}_${tool.name}`);
  const version = tool.interpreter.probe.version.split('.').slice(0, 2).join('.');
  const folder = path.join(
    cacheFolder,
    'tools',
    `${tool.specifier.replace(/[^\w.-]+/g, '_')}-python${version}`,
  );
  const program = path.join(folder, 'bin', tool.name);
  if (await runs(job, program)) return program;
  await ensureFolder(path.dirname(folder));
  const options = {
    timeoutMs: INSTALL_TIMEOUT_MS,
    signal,
    what: `the installation of ${tool.name}`,
    onWait: () => reporter.line(`Waiting for another task that installs ${tool.name}`),
  };
  return withLock(`${folder}.lock`, options, async () => {
    if (!(await runs(job, program))) await makeTool(job, tool, folder);
    return program;
  });
}

async function makeTool(job: EnvironmentJob, tool: PythonTool, folder: string): Promise<string> {
  const { place, reporter } = job.request;
  const inside = place.inside(folder);
  reporter.line(`Installing ${tool.specifier}`);
  await clearFolder(place, folder);
  const pip = await makeToolFolder(job, tool, inside);
  const failed = await installInto(job, tool, { inside, pip });
  if (failed !== undefined) {
    await clearFolder(place, folder);
    throw installError(failed);
  }
  const program = `${inside}/bin/${tool.name}`;
  if (await runs(job, program)) return program;
  throw new AgentError('ENVIRONMENT_CREATE', `${tool.specifier} was installed and ${program} does not run`);
}

/** @returns the pip that installs into the new environment: its own, or the interpreter's when it has none. */
async function makeToolFolder(
  job: EnvironmentJob,
  { interpreter }: PythonTool,
  inside: string,
): Promise<[string, ...string[]]> {
  const { place, reporter, signal, toolEnvironment = {} } = job.request;
  const python = `${inside}/bin/python`;
  await createVenv({
    place,
    interpreter,
    target: inside,
    systemSitePackages: false,
    pip: 'needed',
    uv: undefined,
    offline: false,
    env: toolEnvironment,
    reporter,
    signal,
  });
  const { packages } = await inspectEnvironment(place, [python], signal);
  const own = packages.some((one) => one.name === 'pip') || !pipServesOthers(interpreter.probe);
  return own ? [python, '-m', 'pip'] : [interpreter.program, '-m', 'pip', '--python', python];
}

function installInto(
  job: EnvironmentJob,
  { specifier, interpreter }: PythonTool,
  { inside, pip }: { inside: string; pip: [string, ...string[]] },
): Promise<FailedInstall | undefined> {
  const { place, reporter, signal, toolEnvironment = {} } = job.request;
  const context = {
    place,
    python: `${inside}/bin/python`,
    pythonName: `Python ${interpreter.probe.version}`,
    cwd: undefined,
    listFile: `${inside}.requirements.txt`,
    env: toolEnvironment,
    reporter,
    signal,
  };
  const lines = [...optionLines(job.indexes), specifier];
  return installFromList(context, {
    tool: 'pip',
    argv: [...pip, 'install', '--quiet'],
    lines,
    env: {},
    what: specifier,
  });
}

async function runs(job: EnvironmentJob, program: string): Promise<boolean> {
  const answer = await job.request.place.exec({ argv: [program, '--version'] }).catch(() => undefined);
  return answer?.exitCode === 0;
}
