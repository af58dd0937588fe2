import { AgentError } from '../../errors.js';
import { markerValues } from '../../packaging/markers.js';
import { toolKey } from '../cache/environment-key.js';
import { keptOrBuilt } from '../cache/kept-environment.js';
import { clearFolder } from '../clear-folder.js';
import { provideGit } from '../containers/container-git.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { PythonEnvironment } from '../environment-request.js';
import { inspectEnvironment } from '../install/environment-inspection.js';
import { freezeLines } from '../install/freeze.js';
import { guardIndexLogins } from '../install/index-logins.js';
import { type FailedInstall, failureReason, installError } from '../install/install-failure.js';
import type { BuiltEnvironment } from '../install/package-build.js';
import { indexesOfProject } from '../install/task-indexes.js';
import { type UvProgram, uvEnvironment } from '../install/uv-installer.js';
import { obtainUv } from '../install/uv-program.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import { readListed } from '../requirements/listed-file.js';
import { findProject, hasLocalPackages, isPackage, type Project } from './project-files.js';
import { projectKey } from './project-key.js';

/**
 * The environment of a uv project. `undefined` when the repository has none or uv cannot be installed, and when a
 * project without a lock file fails: then the packages that the task lists are installed.
 *
 * @throws AgentError REQUIREMENTS_INSTALL when a project with a lock file fails
 */
export async function uvProjectEnvironment(job: EnvironmentJob): Promise<PythonEnvironment | undefined> {
  const { settings, reporter } = job.request;
  const project = findProject(job.request, 'uv', settings.uv.fromWorkingFolder);
  if (project === undefined) {
    reporter.line('The repository has no uv project: the packages of the task are installed');
    return undefined;
  }
  const uv = await obtainUv(job);
  if (uv === undefined) {
    reporter.line(
      'The repository has a uv project and there is no uv: the packages of the task are installed',
      'WARNING',
    );
    return undefined;
  }
  try {
    return await syncProject(job, project, uv);
  } catch (error) {
    if (project.lock !== undefined || !(error instanceof AgentError)) throw error;
    reporter.line(`${error.message}; the packages of the task are installed instead`, 'WARNING');
    await clearFolder(job.request.place, job.where.folder);
    return undefined;
  }
}

async function syncProject(
  given: EnvironmentJob,
  project: Project,
  uv: UvProgram,
): Promise<PythonEnvironment> {
  const { where, request } = given;
  let job = await guardIndexLogins(given, indexesOfProject(project));
  const { place, settings, signal } = request;
  await clearFolder(place, where.folder);
  const key = hasLocalPackages(project) ? undefined : await keyOf(job, project);
  const ready = await keptOrBuilt(job, key, async (): Promise<BuiltEnvironment> => {
    job = await provideGit(job, [project.pyproject, project.lock ?? '']);
    await sync(job, project, [uv.program, 'sync', '--no-install-workspace']);
    return { ...(await inspectEnvironment(place, [job.python], signal)), tool: 'uv' };
  });
  if (ready === undefined) throw new AgentError('INTERNAL', 'uv gave no environment');
  if (isPackage(project, 'uv') || key === undefined) await sync(job, project, [uv.program, 'sync']);
  const runner: [string, ...string[]] = [
    uv.program,
    'run',
    ...settings.uv.runFlags,
    '--project',
    place.inside(project.folder),
    '--python',
    job.python,
    'python',
  ];
  return {
    python: settings.uv.runFlags.length === 0 ? [job.python] : runner,
    pathEntries: [],
    binFolder: `${where.inside}/bin`,
    environment: {
      // `uv run` may ask the indexes of the project again.
      ...(settings.uv.runFlags.length === 0 ? {} : job.withheld),
      VIRTUAL_ENV: where.inside,
      UV_PROJECT_ENVIRONMENT: where.inside,
    },
    frozen: freezeLines(ready.packages, [], markerValues(job.interpreter.probe)),
    cacheHit: ready.hit,
    manager: 'uv',
    upkeep: ready.upkeep,
  };
}

/** With a lock file exactly what it says; when that does not fit the project any more, what uv makes of both. */
async function sync(job: EnvironmentJob, project: Project, command: [string, ...string[]]): Promise<void> {
  const { settings, reporter } = job.request;
  const locked = project.lock !== undefined && settings.uv.lockedIfLockFile;
  const argv: [string, ...string[]] = [
    ...command,
    '--python',
    job.interpreter.program,
    ...settings.uv.syncFlags,
  ];
  const failed = await uvSync(job, project, locked ? [...argv, '--locked'] : argv);
  if (failed === undefined) return;
  if (!locked) throw installError(failed);
  reporter.line(
    `uv.lock does not install as it is (${failureReason(failed).cause}); trying without --locked`,
    'WARNING',
  );
  const again = await uvSync(job, project, argv);
  if (again !== undefined) throw installError(again);
}

async function uvSync(
  job: EnvironmentJob,
  { folder }: Project,
  argv: [string, ...string[]],
): Promise<FailedInstall | undefined> {
  const { place, settings, reporter, signal, toolEnvironment, offline = false } = job.request;
  const pip = {
    ...job.pip,
    extraIndexUrls: [...job.indexes.extraIndexUrls, ...job.pip.extraIndexUrls],
    indexUrl: job.indexes.indexUrl ?? job.pip.indexUrl,
  };
  const env = {
    ...CLEAN_ENVIRONMENT,
    ...toolEnvironment,
    ...uvEnvironment(pip, { bestMatch: settings.uv.bestMatch, offline, fresh: false }, job.env),
    CONDA_PREFIX: undefined,
    UV_PROJECT_ENVIRONMENT: job.where.inside,
  };
  const command: [string, ...string[]] = offline ? [...argv, '--offline'] : argv;
  const result = await place.exec(
    { argv: command, cwd: place.inside(folder), env },
    { signal, onOutput: (chunk) => reporter.output(chunk) },
  );
  if (result.exitCode === 0) return undefined;
  const output = `${result.stdout}\n${result.stderr}`;
  return {
    tool: 'uv',
    output,
    exitCode: result.exitCode,
    what: 'the project',
    python: `Python ${job.interpreter.probe.version}`,
  };
}

async function keyOf(job: EnvironmentJob, project: Project): Promise<string> {
  const { syncFlags, lockedIfLockFile } = job.request.settings.uv;
  return projectKey(job, project, {
    manager: 'uv project',
    settings: [
      ...syncFlags,
      String(lockedIfLockFile),
      ...(await toolKey(job)),
      ...job.indexes.extraIndexUrls,
      readListed(project, 'uv.toml') ?? '',
    ],
  });
}
