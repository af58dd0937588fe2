import { rm } from 'node:fs/promises';
import type { TaskRecord, TaskScript } from '../api/task-record.js';
import type { Driver, Place, PlaceCommand, PlaceTask } from '../drivers/driver.js';
import { AgentError } from '../errors.js';
import type { PythonEnvironment } from '../python/environment-request.js';
import { prepareCode, type TaskCode } from './prepare-code.js';
import { prepareTaskEnvironment } from './prepare-environment.js';
import type { TaskRun } from './run.js';
import { surroundingsIn } from './surroundings.js';
import { taskCommand } from './task-command.js';
import { shellQuote } from './variables.js';
import { workspaceOf } from './workspace.js';

export interface PreparedTask {
  driver: Driver;
  place: Place;
  command: PlaceCommand;
  /** The command as the log shows it. */
  display: string;
}

/**
 * Puts a task's code and packages in its place and makes its command.
 *
 * @throws AgentError of the step that failed; the signal's reason when it aborts
 */
export async function prepareTask(
  run: TaskRun,
  record: TaskRecord,
  signal: AbortSignal,
): Promise<PreparedTask> {
  const { ctx, clock, log } = run;
  const script = scriptOf(record);
  const driver = ctx.drivers.docker ?? ctx.drivers.local;
  if (driver === undefined) throw new AgentError('INTERNAL', 'no driver for this machine');
  const workspace = workspaceOf(ctx, run.folder);
  await rm(workspace, { recursive: true, force: true });
  const place = await driver.open({
    taskId: run.task,
    runFolder: run.folder,
    workspace,
    reporter: log,
    signal,
    task: placeTask(run, record),
  });
  await run.journal.write({ step: 'preparing', place: place.ref });
  const surroundings = await surroundingsIn(place, ctx, log);
  const here = place.kind === 'local';
  const code = await clock.run(
    'code',
    () => prepareCode({ run, script, workspace, surroundings, here, signal }),
    describeCode,
  );
  const python = await clock.run(
    'environment',
    () => prepareTaskEnvironment({ run, script, code, place, surroundings, workspace, signal }),
    describeEnvironment,
  );
  if (python.upkeep) run.upkeep.push(python.upkeep);
  await convertNotebook(place, code, python);
  const command = await taskCommand({ run, place, surroundings, code, python });
  return {
    driver,
    place,
    command,
    display: `[${code.shownFolder}]$ ${command.argv.map(shellQuote).join(' ')}`,
  };
}

/** The task of a run, as a place is planned from it. */
export function placeTask({ ctx, queue }: TaskRun, record: TaskRecord): PlaceTask {
  const { config, workerId, workerTags, serviceTask, authToken } = ctx;
  return {
    record,
    config,
    queue,
    workerId,
    workerTags,
    serviceTask,
    ...(authToken === undefined ? {} : { authToken }),
  };
}

/** @throws AgentError TASK_INVALID for a task that has nothing to run */
export function scriptOf(record: TaskRecord): TaskScript {
  if (record.script && Object.keys(record.script).length > 0) return record.script;
  throw new AgentError('TASK_INVALID', `task ${record.id} has no script section, so there is nothing to run`);
}

/** A notebook becomes a script before it is run. */
export async function convertNotebook(
  place: Place,
  code: TaskCode,
  python: PythonEnvironment,
): Promise<void> {
  const { conversion } = code.plan;
  if (conversion === undefined) return;
  const [program, ...flags] = python.python;
  const argv = [program, ...flags, ...conversion.arguments] as const;
  const result = await place.exec({
    argv: [...argv] as [string, ...string[]],
    cwd: place.inside(code.folder),
  });
  if (result.exitCode === 0) return;
  throw new AgentError('LAUNCH_FAILED', `the notebook ${conversion.notebook} cannot be made into a script`, {
    detail: result.stderr.trim(),
  });
}

function describeCode(code: TaskCode): string {
  return code.commit === undefined ? 'no repository' : `${code.url ?? ''} at ${code.commit.slice(0, 12)}`;
}

function describeEnvironment(python: PythonEnvironment): string {
  if (python.manager === 'none') return 'nothing to install';
  return `${python.cacheHit ? 'from the cache' : 'built'} (${python.manager})`;
}
