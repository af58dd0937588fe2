import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/config.js';
import type { Place, PlaceCommand } from '../drivers/driver.js';
import { pinningVariables } from '../gpu/allocation.js';
import { gpuVisibility, selectedDevices } from '../gpu/visibility.js';
import { writeFileWhole } from '../os/files.js';
import type { PythonEnvironment } from '../python/environment-request.js';
import { commandArguments } from './code/command.js';
import { entryArguments } from './code/entry-words.js';
import type { TaskCode } from './code/prepare-code.js';
import type { AgentContext } from './context.js';
import type { Surroundings } from './surroundings.js';
import { taskConfigText } from './task-config.js';
import type { TaskRun } from './task-run.js';
import { taskEnvironment } from './variables.js';

export interface CommandParts {
  run: TaskRun;
  place: Place;
  surroundings: Surroundings;
  code: TaskCode;
  python: PythonEnvironment;
}

/** The command of a task, with every path as its place has it. */
export async function taskCommand(parts: CommandParts): Promise<PlaceCommand> {
  const { run, place, code, python } = parts;
  const env = await commandEnvironment(parts);
  const [program = '', ...flags] =
    code.kind === 'python'
      ? [...python.python, '-u', ...run.ctx.pythonFlags]
      : [await findShell(place, code.shells)];
  const { command } = python;
  if (command)
    return {
      argv: [program, ...flags, ...entryArguments(command.entryPoint)],
      cwd: command.workingFolder,
      env,
    };
  return {
    argv: [program, ...flags, ...commandArguments(code.plan, env)],
    cwd: place.inside(code.folder),
    env,
  };
}

async function commandEnvironment({ run, place, surroundings, code, python }: CommandParts) {
  const { ctx } = run;
  const { config, environment } = surroundings;
  const folders = code.pythonPath.map((folder) => place.inside(folder));
  return taskEnvironment(environment, {
    taskId: run.task,
    workerId: ctx.workerId,
    workerTags: ctx.workerTags,
    configFile: await configFile(run, place, environment),
    logLevel: ctx.taskLogLevel,
    pythonPath: [...folders, ...python.pathEntries, ...extraPythonPath(config)],
    binFolders: python.binFolder === undefined ? [] : [python.binFolder],
    extra: {
      ...python.environment,
      ...(place.capabilities.assignsGpus ? {} : await devicePins(ctx)),
      // A library in the task that traces puts its spans below that of the run.
      ...(run.trace === undefined ? {} : { TRACEPARENT: run.trace.traceparent }),
      ...(ctx.gpuFractions === undefined ? {} : { CLEARML_AGENT_GPU_FRACTIONS: ctx.gpuFractions }),
      ...(await taskSection(run)),
    },
  });
}

/** Where containers have the configuration file, unless their own variables say otherwise. */
const CONTAINER_CONFIG = '/tmp/clearml.conf';

async function configFile(
  { ctx, folder }: TaskRun,
  place: Place,
  environment: Surroundings['environment'],
): Promise<string> {
  if (place.capabilities.ownEnvironment) return environment.CLEARML_CONFIG_FILE || CONTAINER_CONFIG;
  const file = path.join(folder, 'clearml.conf');
  await writeFileWhole(file, taskConfigText(ctx.config, ctx.authToken));
  return file;
}

function extraPythonPath(config: Config): string[] {
  return (config.variable('CLEARML_AGENT_EXTRA_PYTHON_PATH') ?? '')
    .split(':')
    .filter((folder) => folder !== '');
}

/** Variables that the task itself brings, where the agent's configuration lets it. */
async function taskSection({ ctx, task }: TaskRun): Promise<Record<string, string>> {
  if (!ctx.config.agent.enableTaskEnv) return {};
  const parameters = await ctx.tasks.getHyperParams(task, { retry: 'bounded' });
  const own = parameters.filter(({ section }) => section === 'Environment');
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

const LAST_SHELL = '/bin/sh';

/** The first of these that the place has. */
async function findShell(place: Place, candidates: readonly string[]): Promise<string> {
  if (place.capabilities.hostPaths) return candidates.find((file) => existsSync(file)) ?? LAST_SHELL;
  const script = 'for file in "$@"; do if [ -x "$file" ]; then printf %s "$file"; exit; fi; done';
  const { stdout } = await place.exec({ argv: [LAST_SHELL, '-c', script, 'sh', ...candidates] });
  return stdout || LAST_SHELL;
}

/**
 * The variables that show a task the agent's GPUs and no others; none where the agent has no limit. A slice is
 * given to CUDA by its UUID, for which the GPUs are looked at.
 */
export async function devicePins({
  environment,
  gpus,
}: Pick<AgentContext, 'environment' | 'gpus'>): Promise<Record<string, string>> {
  const visibility = gpuVisibility({ env: environment });
  if (!visibility.visible) return {};
  const listed = selectedDevices(visibility.visible).kind === 'list';
  const reading = listed ? await gpus.read() : undefined;
  const variables = Object.entries(pinningVariables(visibility, reading?.gpus ?? []));
  return Object.fromEntries(variables.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
