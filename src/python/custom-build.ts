import path from 'node:path';
import type { Place } from '../drivers/driver.js';
import { AgentError } from '../errors.js';
import { expandVariables } from '../os/expand.js';
import { expandHome } from '../os/paths.js';
import type { EnvironmentRequest, PythonEnvironment } from './environment-request.js';

/**
 * Runs the script that builds the environment instead of the agent. `undefined` when there is no such script,
 * or it does not say what to run: then the agent builds the environment after all.
 *
 * @throws AgentError COMMAND_FAILED when the script fails
 */
export async function customBuild(request: EnvironmentRequest): Promise<PythonEnvironment | undefined> {
  const { place, settings, reporter, target } = request;
  if (settings.customBuildScript === undefined) return undefined;
  const env = await place.environment();
  const script = expandVariables(expandHome(settings.customBuildScript, env.HOME ?? '~'), env);
  if ((await place.read(script)) === undefined) {
    reporter.line(`The build script ${script} does not exist; the agent builds the environment`, 'WARNING');
    return undefined;
  }
  const output = `${place.inside(target)}.build-output.json`;
  await place.write(output, '', 0o600);
  reporter.line(`Running the build script ${script}`);
  const built = readAnswer(await runScript(request, script, output));
  if (built !== undefined && (await allExist(place, Object.values(built)))) return environmentOf(built);
  reporter.line(
    `The build script ${script} does not name an existing binary, entry_point and working_dir; the agent builds the environment`,
    'WARNING',
  );
  return undefined;
}

/** @returns what the script has written into the output file */
async function runScript(
  request: EnvironmentRequest,
  script: string,
  output: string,
): Promise<string | undefined> {
  const { place, reporter, signal } = request;
  try {
    const result = await place.exec(
      {
        argv: ['/bin/sh', '-c', RUN, 'sh', script],
        env: buildVariables(request, script, output),
        ...cwdOf(request),
      },
      { signal, onOutput: (chunk) => reporter.output(chunk) },
    );
    if (result.exitCode === 0) return await place.read(output);
    throw new AgentError(
      'COMMAND_FAILED',
      `the build script ${script} ended with exit status ${result.exitCode}`,
      { detail: result.stderr.trim().split('\n').slice(-15).join('\n') },
    );
  } finally {
    await place.exec({ argv: ['rm', '-f', '--', output] });
  }
}

interface Answer {
  binary: string;
  entryPoint: string;
  workingFolder: string;
}

function buildVariables(
  { task, repository, place, target }: EnvironmentRequest,
  script: string,
  output: string,
): Record<string, string> {
  return {
    CLEARML_AGENT_CUSTOM_BUILD_SCRIPT: script,
    CLEARML_CUSTOM_BUILD_TASK_CONFIG_JSON: JSON.stringify(task),
    CLEARML_CUSTOM_BUILD_OUTPUT: output,
    CLEARML_TASK_SCRIPT_ENTRY: task.script?.entry_point ?? '',
    CLEARML_TASK_WORKING_DIR: task.script?.working_dir ?? '',
    CLEARML_VENV_PATH: place.inside(target),
    CLEARML_GIT_ROOT: repository === undefined ? '' : place.inside(repository.root),
  };
}

function cwdOf({ repository, place }: EnvironmentRequest): { cwd?: string } {
  return repository === undefined ? {} : { cwd: place.inside(repository.root) };
}

function readAnswer(text: string | undefined): Answer | undefined {
  try {
    const value: { binary?: unknown; entry_point?: unknown; working_dir?: unknown } = JSON.parse(text ?? '');
    const { binary, entry_point: entryPoint, working_dir: workingFolder } = value;
    if (typeof binary !== 'string' || typeof entryPoint !== 'string' || typeof workingFolder !== 'string')
      return undefined;
    return { binary, entryPoint, workingFolder };
  } catch {
    return undefined;
  }
}

async function allExist(place: Place, files: readonly string[]): Promise<boolean> {
  const result = await place.exec({
    argv: ['/bin/sh', '-c', 'for file; do [ -e "$file" ] || exit 1; done', 'sh', ...files],
  });
  return result.exitCode === 0;
}

function environmentOf({ binary, entryPoint, workingFolder }: Answer): PythonEnvironment {
  return {
    python: [binary],
    pathEntries: [],
    binFolder: path.posix.dirname(binary),
    environment: {},
    frozen: undefined,
    cacheHit: false,
    manager: 'none',
    command: { entryPoint, workingFolder },
    upkeep: undefined,
  };
}

const RUN = 'if [ -x "$1" ]; then exec "$1"; else exec /bin/sh "$1"; fi';
