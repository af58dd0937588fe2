import path from 'node:path';
import { isAgentError } from '../errors.js';
import { customBuild } from './custom-build.js';
import { type EnvironmentJob, environmentJob } from './environment-job.js';
import type { EnvironmentRequest, PythonEnvironment } from './environment-request.js';
import { findInterpreter, type Interpreter } from './interpreter.js';
import { planLists } from './planned-lists.js';
import { projectEnvironment } from './project-environment.js';
import type { PythonRequest } from './python-request.js';
import { locateRequirements } from './requirement-files.js';
import { bareEnvironment, systemEnvironment } from './system-environment.js';
import { resolveTorch } from './torch-resolution.js';
import { venvEnvironment } from './venv-environment.js';

/**
 * Makes the Python environment of a task: finds the interpreter, then takes the environment from the cache or
 * builds it as the configuration and the task's project want it.
 *
 * @throws AgentError PYTHON_MISSING, ENVIRONMENT_CREATE, REQUIREMENTS_INSTALL, COMMAND_FAILED, DISK_FULL
 */
export async function prepareEnvironment(request: EnvironmentRequest): Promise<PythonEnvironment> {
  const { settings, reporter } = request;
  const { skip } = settings;
  const custom = skip.everything ? undefined : await customBuild(request);
  if (custom !== undefined) return custom;
  const activated = await activatedPython(request);
  const named = typeof skip.virtualEnvironment === 'string' ? skip.virtualEnvironment : activated;
  const interpreter = await interpreterFor(request, named);
  reporter.line(`Python ${interpreter.probe.version} (${interpreter.program})`);
  if (skip.everything) {
    reporter.line('No packages are installed: CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL is set');
    return bareEnvironment(interpreter);
  }
  const job = await environmentJob(request, interpreter);
  if (skip.virtualEnvironment !== false || activated !== undefined) return withoutVenv(job);
  return (await projectEnvironment(job)) ?? venvEnvironment(job);
}

async function withoutVenv(job: EnvironmentJob): Promise<PythonEnvironment> {
  const located = locateRequirements(job.request);
  return systemEnvironment(job, planLists(job, await resolveTorch(job, located)));
}

/** An interpreter that is named and does not exist is looked for like any other. */
async function interpreterFor(request: EnvironmentRequest, named: string | undefined): Promise<Interpreter> {
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
  return search(request, request.pythonRequest);
}

function search(
  { place, reporter, signal, cacheFolder, image = '' }: EnvironmentRequest,
  wanted: PythonRequest,
): Promise<Interpreter> {
  const folder = place.kind === 'local' || image !== '' ? path.join(cacheFolder, 'interpreters') : undefined;
  return findInterpreter({ place, request: wanted, cache: { folder, scope: image }, reporter, signal });
}

/** In a container, an environment that its image has activated is the one to install into. */
async function activatedPython({ place, settings }: EnvironmentRequest): Promise<string | undefined> {
  if (place.kind === 'local' || !settings.systemSitePackages || !settings.useActivated) return undefined;
  const { VIRTUAL_ENV: folder } = await place.environment();
  return folder === undefined || folder === '' ? undefined : `${folder}/bin/python`;
}
