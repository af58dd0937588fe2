import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { TaskScript } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import type { Place } from '../../drivers/driver.js';
import { fileNameOf } from '../../os/paths.js';
import type { PythonEnvironment } from '../../python/environment-request.js';
import { workspaceOf } from '../../runs/workspace.js';
import { prepareCode, type TaskCode } from '../../task/code/prepare-code.js';
import { convertNotebook } from '../../task/prepare.js';
import { prepareTaskEnvironment } from '../../task/prepare-environment.js';
import { type Surroundings, surroundingsIn } from '../../task/surroundings.js';
import { taskCommand } from '../../task/task-command.js';
import type { TaskRun } from '../../task/task-run.js';
import { type BuildOptions, type BuildRun, openPlace, withBuildRun } from './build-run.js';
import { summaryLines } from './build-summary.js';
import { type BuildTarget, openTarget } from './build-target.js';

export interface EnvironmentBuild extends BuildOptions {
  /** Folder of the environment; a new one below `agent.venvs_dir` when it is not given. */
  target: string | undefined;
  /** Packages go into the interpreter, and the environment sees them. */
  installGlobally: boolean;
}

/**
 * Makes the virtual environment of a task with its code inside, and says how to run it. The task itself is not
 * touched.
 *
 * @returns exit status
 * @throws AgentError BUILD_TARGET, TASK_NOT_FOUND, TASK_INVALID, and what preparing a task throws
 */
export function buildEnvironment(options: EnvironmentBuild): Promise<number> {
  return withBuildRun(options, async (build) => {
    const target = await openTarget(options.target ?? defaultTarget(build));
    try {
      const lines = await fillTarget(build, target, options.installGlobally);
      options.logger.echo(`${lines.join('\n')}\n`);
    } catch (error) {
      await target.discard();
      throw error;
    }
  });
}

function defaultTarget({ run, record }: BuildRun): string {
  return path.join(path.dirname(workspaceOf(run.ctx, run.folder)), `build-${fileNameOf(record.id)}`);
}

async function fillTarget(build: BuildRun, target: BuildTarget, globally: boolean): Promise<string[]> {
  const { run, record, script, signal } = build;
  const { driver } = run.ctx;
  const place = await openPlace(driver, {
    taskId: record.id,
    runFolder: run.folder,
    workspace: target.staging,
    reporter: run.log,
    signal,
  });
  try {
    const surroundings = await surroundingsIn(place, run.ctx, run.log);
    const code = await prepareCode({
      run,
      record,
      script,
      workspace: target.staging,
      surroundings,
      here: true,
      signal,
    });
    const parts: Parts = { run, script, code, place, surroundings, target, signal };
    const python = globally ? await globalEnvironment(parts) : await environmentOf(parts);
    if (python.upkeep) run.upkeep.push(python.upkeep);
    await convertNotebook(place, surroundings.config, { code, python });
    const command = await taskCommand({ run, place, surroundings, code, python });
    return summaryLines({ record, code, python, command, moved: await target.settle() });
  } finally {
    await driver.dispose(place.ref);
  }
}

interface Parts {
  run: TaskRun;
  script: TaskScript;
  code: TaskCode;
  place: Place;
  surroundings: Surroundings;
  target: BuildTarget;
  signal: AbortSignal;
}

function environmentOf({ target, ...parts }: Parts): Promise<PythonEnvironment> {
  return prepareTaskEnvironment({ ...parts, workspace: target.staging, target: target.folder });
}

/** The packages in the interpreter itself, and above it an empty environment that sees them. */
async function globalEnvironment(parts: Parts): Promise<PythonEnvironment> {
  const { surroundings, code, script, target } = parts;
  const { config } = surroundings;
  const below = await environmentOf({
    ...parts,
    surroundings: { ...surroundings, config: intoInterpreter(config) },
  });
  await rm(target.folder, { recursive: true, force: true });
  const [program] = below.python;
  const python = await environmentOf({
    ...parts,
    surroundings: { ...surroundings, config: aboveInterpreter(config, program) },
    script: { ...script, requirements: { pip: '' } },
    code: { ...code, repository: undefined },
  });
  return { ...python, frozen: below.frozen };
}

const SKIP_VENV = 'CLEARML_AGENT_SKIP_PIP_VENV_INSTALL';

/** Packages go into the interpreter that is found, or into the one that is named already. */
export function intoInterpreter(config: Config): Config {
  return config.withEnvironment({ [SKIP_VENV]: config.variable(SKIP_VENV) ?? '1' });
}

function aboveInterpreter(config: Config, program: string): Config {
  const agent = {
    python_binary: program,
    ignore_requested_python_version: true,
    package_manager: { type: 'pip', system_site_packages: true, force_repo_requirements_txt: false },
  };
  return config.withEnvironment({ [SKIP_VENV]: undefined }).withTree({ agent }, '--install-globally');
}
