import { AgentError, causeLine } from '../../errors.js';
import { markerValues } from '../../packaging/markers.js';
import { baseEnvironment } from '../base-environment.js';
import { keptOrBuilt } from '../cache/kept-environment.js';
import { clearFolder } from '../clear-folder.js';
import { provideGit } from '../containers/container-git.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { PythonEnvironment } from '../environment-request.js';
import { inspectEnvironment, inspectOver } from '../install/environment-inspection.js';
import { freezeLines } from '../install/freeze.js';
import { guardIndexLogins } from '../install/index-logins.js';
import { installError } from '../install/install-failure.js';
import type { BuiltEnvironment } from '../install/package-build.js';
import { installTool } from '../install/python-tool.js';
import { indexesOfProject } from '../install/task-indexes.js';
import { findInterpreter, type Interpreter } from '../interpreter/interpreter.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import { readListed } from '../requirements/listed-file.js';
import { findProject, hasLocalPackages, isPackage, type Project } from './project-files.js';
import { projectKey } from './project-key.js';

/** poetry itself runs on this Python or a later one; the task's may be older. */
const OLDEST_PYTHON = 9;

/**
 * The environment of a poetry project. `undefined` when the repository has none, or poetry fails: then the
 * packages that the task lists are installed instead, and the log says why.
 */
export async function poetryEnvironment(job: EnvironmentJob): Promise<PythonEnvironment | undefined> {
  const { settings, reporter, signal } = job.request;
  const project = findProject(job.request, 'poetry', settings.poetry.fromWorkingFolder);
  if (project === undefined) {
    reporter.line('The repository has no poetry project: the packages of the task are installed');
    return undefined;
  }
  try {
    return await installProject(job, project);
  } catch (error) {
    signal.throwIfAborted();
    reporter.line(
      `poetry cannot install the project: ${causeLine(error)}; the packages of the task are installed instead`,
      'WARNING',
    );
    if (error instanceof AgentError && error.detail !== undefined) reporter.line(error.detail);
    await clearFolder(job.request.place, job.where.folder);
    return undefined;
  }
}

async function installProject(given: EnvironmentJob, project: Project): Promise<PythonEnvironment> {
  const job = await guardIndexLogins(given, indexesOfProject(project));
  const { where } = job;
  const { place, settings, reporter, signal } = job.request;
  await clearFolder(job.request.place, where.folder);
  const program = await poetryProgram(job);
  if (project.lock === undefined)
    reporter.line('The poetry project has no poetry.lock: its versions are resolved again', 'WARNING');
  const key = hasLocalPackages(project) ? undefined : await keyOf(job, project);
  const ready = await keptOrBuilt(job, key, async (): Promise<BuiltEnvironment> => {
    const { packages: before } = await baseEnvironment(job, { pip: 'welcome', uv: undefined });
    const ready = await provideGit(job, [project.pyproject, project.lock ?? '']);
    await poetry(ready, project, [
      program,
      'install',
      '--no-interaction',
      '--no-root',
      ...settings.poetry.installFlags,
    ]);
    return { ...(await inspectOver(place, { python: job.python, before, signal })), tool: 'poetry' };
  });
  if (ready === undefined) throw new AgentError('INTERNAL', 'poetry gave no environment');
  if (isPackage(project, 'poetry') && !settings.poetry.installFlags.includes('--no-root'))
    await installRoot(job, project, program);
  const { sysPath } = await inspectEnvironment(place, [job.python], signal);
  return {
    python: [job.python],
    pathEntries: sysPath,
    binFolder: `${where.inside}/bin`,
    environment: { VIRTUAL_ENV: where.inside },
    frozen: freezeLines(ready.packages, [], markerValues(job.interpreter.probe)),
    cacheHit: ready.hit,
    manager: 'poetry',
    upkeep: ready.upkeep,
  };
}

/** A task can run with the dependencies alone, as its own folder is on its path. */
async function installRoot(job: EnvironmentJob, project: Project, program: string): Promise<void> {
  const { reporter, signal } = job.request;
  const argv: [string, ...string[]] = [program, 'install', '--no-interaction', '--only-root'];
  await poetry(job, project, argv).catch((error: unknown) => {
    signal.throwIfAborted();
    reporter.line(
      `The project itself is not installed, only its dependencies: ${causeLine(error)}`,
      'WARNING',
    );
  });
}

/** poetry installs into the environment that is active. */
async function poetry(job: EnvironmentJob, { folder }: Project, argv: [string, ...string[]]): Promise<void> {
  const { place, reporter, signal, toolEnvironment } = job.request;
  const env = {
    ...CLEAN_ENVIRONMENT,
    ...toolEnvironment,
    VIRTUAL_ENV: job.where.inside,
    PATH: `${job.where.inside}/bin:${job.env.PATH ?? ''}`,
    CONDA_PREFIX: undefined,
    CONDA_DEFAULT_ENV: undefined,
  };
  const result = await place.exec(
    { argv, cwd: place.inside(folder), env },
    { signal, onOutput: (chunk) => reporter.output(chunk) },
  );
  if (result.exitCode === 0) return;
  const output = `${result.stdout}\n${result.stderr}`;
  const python = `Python ${job.interpreter.probe.version}`;
  throw installError({ tool: 'poetry', output, exitCode: result.exitCode, what: 'the project', python });
}

/** A poetry command that is there serves unless the configuration names a version. */
async function poetryProgram(job: EnvironmentJob): Promise<string> {
  const { place, settings } = job.request;
  const { version } = settings.poetry;
  if (version === undefined) {
    const answer = await place.exec({ argv: ['poetry', '--version'] }).catch(() => undefined);
    if (answer?.exitCode === 0) return 'poetry';
  }
  const specifier = `poetry${version === undefined || /^[=~<>!]/.test(version) ? (version ?? '') : `==${version}`}`;
  return installTool(job, { name: 'poetry', specifier, interpreter: await toolInterpreter(job) });
}

async function toolInterpreter(job: EnvironmentJob): Promise<Interpreter> {
  const [major = 0, minor = 0] = job.interpreter.probe.version.split('.').map(Number);
  if (major === 3 && minor >= OLDEST_PYTHON) return job.interpreter;
  const { place, reporter, signal } = job.request;
  return findInterpreter({
    place,
    request: { version: '3', program: undefined, by: 'poetry' },
    cache: { folder: undefined, scope: '' },
    reporter,
    signal,
  });
}

function keyOf(job: EnvironmentJob, project: Project): Promise<string> {
  const { version = '', installFlags } = job.request.settings.poetry;
  return projectKey(job, project, {
    manager: 'poetry',
    settings: [version, ...installFlags, readListed(project, 'poetry.toml') ?? ''],
  });
}
