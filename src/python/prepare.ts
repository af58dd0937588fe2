import path from 'node:path';
import type { Place } from '../drivers/driver.js';
import { isAgentError } from '../errors.js';
import { condaEnvironment } from './conda/conda-environment.js';
import { containerInterpreter, type FindOptions } from './containers/container-interpreter.js';
import type { ContainerSurvey } from './containers/container-survey.js';
import { customBuild } from './custom-build.js';
import { type EnvironmentJob, environmentJob } from './environment-job.js';
import type { EnvironmentOrder, EnvironmentRequest, PythonEnvironment } from './environment-request.js';
import { findInterpreter, type Interpreter } from './interpreter/interpreter.js';
import { type Candidate, listCandidates } from './interpreter/interpreter-candidates.js';
import { provideInterpreter } from './interpreter/provided-interpreter.js';
import { type PythonRequest, programNames } from './interpreter/python-request.js';
import { poetryEnvironment } from './projects/poetry-project.js';
import { isProjectManager, type ProjectManager } from './projects/project-files.js';
import { pythonForProject } from './projects/project-python.js';
import { uvProjectEnvironment } from './projects/uv-project.js';
import { requiredLists } from './requirements/foreign-files.js';
import { planLists } from './requirements/planned-lists.js';
import { needsRepository } from './requirements/requirement-files.js';
import { resolveTorch } from './requirements/torch-resolution.js';
import { bareEnvironment, systemEnvironment, withoutPython } from './system-environment.js';
import { venvEnvironment } from './venv-environment.js';

/**
 * Makes the Python environment of a task: finds the interpreter, then takes the environment from the cache or
 * builds it as the configuration and the task's project want it. Only what is in the repository waits for it.
 *
 * @throws AgentError PYTHON_MISSING, ENVIRONMENT_CREATE, REQUIREMENTS_INSTALL, COMMAND_FAILED, DISK_FULL
 */
export async function prepareEnvironment(order: EnvironmentOrder): Promise<PythonEnvironment> {
  const { settings, reporter } = order;
  const { skip } = settings;
  const scripted = settings.customBuildScript !== undefined && !skip.everything;
  const custom = scripted ? await customBuild(await complete(order)) : undefined;
  if (custom !== undefined) return custom;
  const [known, listed] = await Promise.all([complete(order), candidatesAhead(order)]);
  const request = { ...known, pythonRequest: pythonForProject(known) };
  const activated = await activatedPython(request);
  const named = typeof skip.virtualEnvironment === 'string' ? skip.virtualEnvironment : activated;
  const candidates = request.pythonRequest === order.pythonRequest ? listed : undefined;
  const { interpreter, survey } = await interpreterIn(request, named, candidates);
  if (interpreter === undefined) return withoutPython(request);
  reporter.line(`Python ${interpreter.probe.version} (${interpreter.program})`);
  if (skip.everything) {
    reporter.line('No packages are installed: CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL is set');
    return bareEnvironment(interpreter);
  }
  const job = await environmentJob(request, interpreter, survey);
  if (skip.virtualEnvironment !== false || activated !== undefined) return withoutVenv(job);
  return (await projectEnvironment(job)) ?? venvEnvironment(job);
}

function isHere({ place }: EnvironmentOrder): boolean {
  return place.capabilities.hostPaths;
}

/** A repository that is not needed is not waited for. */
async function complete(order: EnvironmentOrder): Promise<EnvironmentRequest> {
  const { repository, task, settings } = order;
  if (!(repository instanceof Promise)) return { ...order, repository };
  return { ...order, repository: needsRepository(task, settings) ? await repository : undefined };
}

/** Looked for while the code is fetched, which seldom asks for another Python. A failure is that of the later search. */
async function candidatesAhead(order: EnvironmentOrder): Promise<Candidate[] | undefined> {
  const { place, pythonRequest, repository, signal, candidates } = order;
  if (!isHere(order) || !(repository instanceof Promise)) return undefined;
  return (await candidates) ?? interpreterCandidates(place, pythonRequest, signal);
}

/** The programs of an interpreter; `undefined` where they cannot be listed, which a later search tells. */
export function interpreterCandidates(
  place: Place,
  request: PythonRequest,
  signal: AbortSignal,
): Promise<Candidate[] | undefined> {
  return listCandidates(place, programNames(request), signal).catch(() => undefined);
}

async function withoutVenv(job: EnvironmentJob): Promise<PythonEnvironment> {
  const located = await requiredLists(job.request);
  return systemEnvironment(job, planLists(job, await resolveTorch(job, located)));
}

async function interpreterIn(
  request: EnvironmentRequest,
  named: string | undefined,
  candidates: readonly Candidate[] | undefined,
): Promise<{ interpreter: Interpreter | undefined; survey?: ContainerSurvey }> {
  if (isHere(request)) {
    const found = candidates === undefined ? {} : { candidates };
    return { interpreter: await interpreterFor(request, named, found) };
  }
  return containerInterpreter(request, (options) => interpreterFor(request, named, options));
}

/** An interpreter that is named and does not exist is looked for like any other. */
async function interpreterFor(
  request: EnvironmentRequest,
  named: string | undefined,
  options: FindOptions,
): Promise<Interpreter> {
  if (options.request !== undefined) return search(request, options.request);
  if (named !== undefined) {
    try {
      return await search(request, {
        version: undefined,
        program: named,
        by: 'CLEARML_AGENT_SKIP_PIP_VENV_INSTALL',
      });
    } catch (error) {
      if (!isAgentError(error, 'PYTHON_MISSING')) throw error;
      request.reporter.line(`${error.message}; looking for another`, 'WARNING');
    }
  }
  return search(request, request.pythonRequest, options.candidates);
}

function search(
  request: EnvironmentRequest,
  wanted: PythonRequest,
  candidates?: readonly Candidate[],
): Promise<Interpreter> {
  const { place, reporter, signal, cacheFolder, image = '' } = request;
  const folder = isHere(request) || image !== '' ? path.join(cacheFolder, 'interpreters') : undefined;
  return findInterpreter({
    place,
    request: wanted,
    cache: { folder, scope: place.cacheGroup === undefined ? image : `${image} ${place.cacheGroup}` },
    reporter,
    signal,
    ...(candidates === undefined ? {} : { candidates }),
    ...(isHere(request) ? { provide: (version: string) => provideInterpreter(request, version) } : {}),
  });
}

/** In a container, an environment that its image has activated is the one to install into. */
async function activatedPython({ place, settings }: EnvironmentRequest): Promise<string | undefined> {
  if (!place.capabilities.ownEnvironment || !settings.systemSitePackages || !settings.useActivated)
    return undefined;
  const { VIRTUAL_ENV: folder } = await place.environment();
  return folder === undefined || folder === '' ? undefined : `${folder}/bin/python`;
}

/** `undefined` where the repository has no project of the manager. */
type ProjectBuilder = (job: EnvironmentJob) => Promise<PythonEnvironment | undefined>;

const BUILDERS: Readonly<Record<ProjectManager, ProjectBuilder>> = {
  poetry: poetryEnvironment,
  uv: uvProjectEnvironment,
};

/**
 * The environment of a project with its own manager (poetry, uv) or of conda, where the configuration wants
 * that manager and the repository has such a project. `undefined`: plain requirements.
 */
async function projectEnvironment(job: EnvironmentJob): Promise<PythonEnvironment | undefined> {
  const { manager } = job.request.settings;
  if (isProjectManager(manager)) return BUILDERS[manager](job);
  return manager === 'conda' ? condaEnvironment(job.request) : undefined;
}
