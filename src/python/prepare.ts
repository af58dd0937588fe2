import path from 'node:path';
import { environmentJob } from './environment-job.js';
import type { EnvironmentRequest, PythonEnvironment } from './environment-request.js';
import { findInterpreter } from './interpreter.js';
import { venvEnvironment } from './venv-environment.js';

/**
 * Makes the Python environment of a task: finds the interpreter, takes the environment from the cache or
 * builds it there.
 *
 * @throws AgentError PYTHON_MISSING, ENVIRONMENT_CREATE, REQUIREMENTS_INSTALL, DISK_FULL
 */
export async function prepareEnvironment(request: EnvironmentRequest): Promise<PythonEnvironment> {
  const { place, pythonRequest, reporter, signal, cacheFolder, image = '' } = request;
  const folder = place.kind === 'local' || image !== '' ? path.join(cacheFolder, 'interpreters') : undefined;
  const interpreter = await findInterpreter({
    place,
    request: pythonRequest,
    cache: { folder, scope: image },
    reporter,
    signal,
  });
  reporter.line(`Python ${interpreter.probe.version} (${interpreter.program})`);
  return venvEnvironment(await environmentJob(request, interpreter));
}
