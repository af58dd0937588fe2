import path from 'node:path';
import { isTaskGone } from '../api/errors.js';
import type { TaskScript } from '../api/task-record.js';
import type { Place } from '../drivers/driver.js';
import { causeLine } from '../errors.js';
import { cudaVersions } from '../gpu/cuda-version.js';
import { rocmVersion } from '../gpu/rocm-version.js';
import type { Reporter } from '../logs/reporter.js';
import type { EnvironmentOrder, PythonEnvironment } from '../python/environment-request.js';
import { type PythonRequest, requestedPython } from '../python/interpreter/python-request.js';
import { prepareEnvironment } from '../python/prepare.js';
import { frozenRequirements } from '../python/requirements/requirement-source.js';
import { type PythonSettings, pythonSettings } from '../python/settings.js';
import { withoutVcsLogins } from '../repository/requirement-url.js';
import type { TaskCode, ToolAccess } from './code/prepare-code.js';
import { interpreterKind } from './code/script-binary.js';
import type { BegunWork } from './early-work.js';
import type { Surroundings } from './surroundings.js';
import type { TaskRun } from './task-run.js';

export interface EnvironmentParts {
  run: TaskRun;
  script: TaskScript;
  code: Pick<TaskCode, keyof ToolAccess> & Pick<EnvironmentOrder, 'repository'>;
  place: Place;
  surroundings: Surroundings;
  workspace: string;
  /** Folder of the environment, where it is not one of the workspace. */
  target?: string;
  /** The log of the run, when absent. */
  reporter?: Reporter;
  begun?: Pick<BegunWork, 'candidates'>;
  signal: AbortSignal;
}

/** The Python environment of a task, and the frozen list of its packages, reported to the server. */
export async function prepareTaskEnvironment(parts: EnvironmentParts): Promise<PythonEnvironment> {
  const { run, script, code, place, surroundings, workspace, signal } = parts;
  const { ctx } = run;
  const settings = settingsFor(surroundings);
  const rocm = isCpuOnly(run) ? undefined : await rocmVersion(surroundings.environment);
  const python = await prepareEnvironment({
    place,
    task: { script: { ...script, requirements: withoutVcsLogins(script.requirements ?? {}) } },
    repository: code.repository,
    settings,
    cacheFolder: path.join(ctx.cacheFolder, 'python'),
    target: parts.target ?? path.join(workspace, 'venv'),
    pythonRequest: taskPython(script, surroundings),
    cuda: (await cuda(run, surroundings)).cuda,
    ...(rocm === undefined ? {} : { rocm }),
    reporter: parts.reporter ?? run.log,
    signal,
    toolEnvironment: code.toolEnvironment,
    gitSources: (texts, env) => code.gitSources(texts, env, place),
    offline: ctx.standalone,
    hostEnvironment: ctx.environment,
    optional: interpreterKind(script.binary).kind === 'shell',
    candidates: parts.begun?.candidates,
    ...(place.image === undefined ? {} : { image: place.image }),
  });
  // Where nothing was installed, the task's own lists say as much.
  if (python.frozen && python.frozen.length > 0)
    await writeBack(run, script, [...(python.frozenOptions ?? []), ...python.frozen]);
  return python;
}

/** The Python that a task asks for, before its code is known. */
export function taskPython(script: TaskScript, surroundings: Surroundings): PythonRequest {
  return requestedPython(script.binary, settingsFor(surroundings).interpreter);
}

/** A container says what is made in it, not where the agent keeps what on this machine. */
function settingsFor({ config, hostConfig }: Surroundings): PythonSettings {
  const settings = pythonSettings(config);
  if (hostConfig === undefined) return settings;
  const { cache, downloads } = pythonSettings(hostConfig);
  const { path: folder, ...limits } = cache;
  return {
    ...settings,
    cache: { ...limits, path: settings.cache.path === undefined ? undefined : folder },
    downloads: settings.downloads === undefined ? undefined : downloads,
  };
}

function cuda(run: TaskRun, { config, environment: env }: Surroundings) {
  return cudaVersions({
    cuda: config.agent.cudaVersion,
    cudnn: config.agent.cudnnVersion,
    cpuOnly: isCpuOnly(run),
    env,
    driverVersion: () => run.ctx.gpus.driverCuda(),
  });
}

function isCpuOnly({ ctx }: TaskRun): boolean {
  return ctx.environment.NVIDIA_VISIBLE_DEVICES === 'none';
}

/** What is installed goes to the task, so that a clone of it gets the same. No reason to stop when it fails. */
async function writeBack(
  { ctx, task, notes }: TaskRun,
  script: TaskScript,
  frozen: readonly string[],
): Promise<void> {
  if (!ctx.reportsStatus) return;
  // A server that is editing the script of the task meanwhile would put its old list back.
  await Promise.allSettled(notes);
  try {
    const requirements = frozenRequirements(script.requirements, frozen);
    await ctx.tasks.setRequirements({ task, requirements }, { retry: 'bounded' });
  } catch (error) {
    if (isTaskGone(error)) return;
    ctx.logger.warn(`task ${task}: its installed packages were not noted: ${causeLine(error)}`);
  }
}
