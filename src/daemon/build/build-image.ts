import path from 'node:path';
import type { TaskRecord } from '../../api/task-record.js';
import { configuredEnvironment } from '../../config/sections/environment-section.js';
import { imageProblem } from '../../container/policy/image-name.js';
import type { Driver, ImageMaker, Place, PlaceCommand } from '../../drivers/driver.js';
import type { DriverChoice } from '../../drivers/module.js';
import { AgentError } from '../../errors.js';
import type { PythonEnvironment } from '../../python/environment-request.js';
import { containerWorkspace, leaveWorkspace, workspaceOf } from '../../runs/workspace.js';
import type { AgentContext } from '../../task/context.js';
import { PLAN_FILE, RUNNER_FILE, type RunnerPlan, runnerText } from '../../task/image/image-runner.js';
import { imageVariables } from '../../task/image/image-variables.js';
import { codeInPlace, convertNotebook, placeTask } from '../../task/prepare.js';
import { prepareTaskEnvironment } from '../../task/prepare-environment.js';
import { surroundingsIn } from '../../task/surroundings.js';
import { taskCommand } from '../../task/task-command.js';
import { openDriver } from '../driver-host.js';
import { intoInterpreter } from './build-environment.js';
import { type BuildOptions, type BuildRun, openPlace, withBuildRun } from './build-run.js';
import { imageSummary } from './build-summary.js';

export interface ImageBuild extends BuildOptions {
  /** Name of the image, `task_id_<id>` when it is not given. */
  image: string | undefined;
  choice: DriverChoice;
  /** The task's own container section does not count. */
  ignoreTaskContainer: boolean;
  /** What the image runs when it is started. */
  entryPoint: 'reuse_task' | 'clone_task' | undefined;
}

/**
 * Makes an image with the packages and the code of a task, in a container of the engine. Nothing that was given to
 * that container from outside is left in the image.
 *
 * @returns exit status
 * @throws AgentError BUILD_TARGET, TASK_NOT_FOUND, TASK_INVALID, and what preparing a task and the engine throw
 */
export function buildImage(options: ImageBuild): Promise<number> {
  if (options.image !== undefined) checkName(options.image);
  return withBuildRun(options, async (build) => {
    const { run, record, connection, signal } = build;
    const { ctx } = run;
    const driver = await openDriver({
      choice: options.choice,
      config: ctx.config,
      home: ctx.home,
      connection,
      workerId: ctx.workerId,
      state: options.state,
      gpus: ctx.gpus,
      silent: true,
      redactor: ctx.redactor,
      logger: ctx.logger,
      signal,
      forImage: true,
    });
    const workspace = containerWorkspace(workspaceOf(ctx, run.folder));
    const place = await openPlace(driver, {
      taskId: record.id,
      runFolder: run.folder,
      workspace,
      reporter: run.log,
      signal,
      task: placeTask(run, options.ignoreTaskContainer ? withoutContainer(record) : record),
    });
    try {
      if (place.sharesFiles === false) throw notHere();
      const maker = await makerOf(driver, place);
      await fillImage({ build, place, workspace, maker, options });
    } finally {
      await driver.dispose(place.ref);
      await leaveWorkspace(ctx, run.folder, false);
    }
  });
}

/** @throws AgentError USAGE for a driver whose places do not become images */
function makerOf(driver: Driver, place: Place): Promise<ImageMaker> {
  if (driver.imageMaker !== undefined) return driver.imageMaker(place);
  throw new AgentError('USAGE', `the driver "${driver.kind}" makes no images`);
}

/** Files that were brought through the engine are in volumes, which no image has. */
function notHere(): AgentError {
  return new AgentError(
    'DOCKER_ENGINE',
    'the engine does not see the files of this machine, so no image can be made',
    {
      hint: 'Run "agent build" on the machine of the engine.',
    },
  );
}

function withoutContainer({ container: _, ...record }: TaskRecord): TaskRecord {
  return record;
}

interface Filling {
  build: BuildRun;
  place: Place;
  workspace: string;
  maker: ImageMaker;
  options: Pick<ImageBuild, 'image' | 'entryPoint' | 'logger'>;
}

async function fillImage({ build, place, workspace, maker, options }: Filling): Promise<void> {
  const { run, record, script, signal } = build;
  const bare = { ...run, ctx: withoutOwn(run.ctx) };
  const surroundings = await surroundingsIn(place, bare.ctx, run.log);
  const code = await codeInPlace({ run, record, script, place, workspace, surroundings, signal });
  const global = { ...surroundings, config: intoInterpreter(surroundings.config) };
  const python = await prepareTaskEnvironment({
    run,
    script,
    code,
    place,
    surroundings: global,
    workspace,
    signal,
  });
  await convertNotebook(place, surroundings.config, { code, python });
  const command = await taskCommand({ run: bare, place, surroundings, code, python });
  const name = options.image ?? `task_id_${record.id}`;
  const { entryPoint: own } = options;
  if (own) {
    await checkRunner(place, python);
    const env = await variablesFor(maker, run.ctx, command);
    await writeRunner(place, workspace, planRunner(record, command, { env, clone: own === 'clone_task' }));
  }
  signal.throwIfAborted();
  const runner = place.inside(path.join(workspace, RUNNER_FILE));
  const id = await maker.make({ name, entryPoint: own && [python.python[0], runner] });
  const source = place.inside(code.repository?.root ?? code.folder);
  const runs = own !== undefined;
  const lines = imageSummary({ record, code, python, command, name, id, source, runs });
  options.logger.echo(`${lines.join('\n')}\n`);
}

/** Files of the section `files` are the machine's own; variables of the task belong to one run of it. */
function withoutOwn(ctx: AgentContext): AgentContext {
  const agent = { apply_files: false, enable_task_env: false };
  return { ...ctx, config: ctx.config.withTree({ agent }, 'building an image') };
}

/** @throws AgentError DOCKER_IMAGE for an image without a Python, which tasks of shell scripts may do without */
async function checkRunner(place: Place, { python }: PythonEnvironment): Promise<void> {
  const { exitCode } = await place.exec({ argv: [python[0], '-c', 'import json, ssl, urllib.request'] });
  if (exitCode === 0) return;
  throw new AgentError(
    'DOCKER_IMAGE',
    `the image has no Python (${python[0]}) that could run the task in it`,
    {
      hint: 'Install python3 in a set-up script of the task, or build without --entry-point.',
    },
  );
}

async function variablesFor(
  maker: ImageMaker,
  { config }: AgentContext,
  command: PlaceCommand,
): Promise<Record<string, string>> {
  const given = new Set([...(await maker.givenNames()), ...Object.keys(configuredEnvironment(config))]);
  return imageVariables({ command: command.env ?? {}, image: await maker.imageVariables(), given });
}

function planRunner(
  record: TaskRecord,
  { argv, cwd = '/' }: PlaceCommand,
  { env, clone }: Pick<RunnerPlan, 'env' | 'clone'>,
): RunnerPlan {
  return { task: record.id, clone, argv, cwd, env };
}

async function writeRunner(place: Place, workspace: string, plan: RunnerPlan): Promise<void> {
  const text = `${JSON.stringify(plan, undefined, 2)}\n`;
  await place.write(place.inside(path.join(workspace, RUNNER_FILE)), runnerText(), 0o644);
  await place.write(place.inside(path.join(workspace, PLAN_FILE)), text, 0o644);
}

/** @throws AgentError BUILD_TARGET */
export function checkName(name: string): void {
  const problem = name.includes('@') ? 'a new image has no digest yet' : imageProblem(name);
  if (problem === undefined) return;
  throw new AgentError('BUILD_TARGET', `"${name}" is no name for an image: ${problem}`, {
    hint: 'Name it like experiment:1 or registry.example.com/team/experiment:1, in lower case.',
  });
}
