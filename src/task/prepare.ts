import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { TaskRecord, TaskScript } from '../api/task-record.js';
import type { Config } from '../config/config.js';
import { splitWords } from '../config/shell-words.js';
import type { Driver, Place, PlaceCommand } from '../drivers/driver.js';
import { AgentError } from '../errors.js';
import { writeFileDurable } from '../os/files.js';
import type { PythonEnvironment } from '../python/environment-request.js';
import { devicePins } from './device-pins.js';
import { prepareCode, type TaskCode } from './prepare-code.js';
import { prepareTaskEnvironment } from './prepare-environment.js';
import type { TaskRun } from './run.js';
import { taskConfigText } from './task-config.js';
import { shellQuote, taskEnvironment } from './variables.js';
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
  const driver = ctx.drivers.local;
  if (driver === undefined) throw new AgentError('INTERNAL', 'no driver for this machine');
  const workspace = workspaceOf(ctx, run.folder);
  await rm(workspace, { recursive: true, force: true });
  const request = { taskId: run.task, runFolder: run.folder, workspace, reporter: log, signal };
  const place = await driver.open(request);
  await run.journal.write({ step: 'preparing', place: place.ref });
  const code = await clock.run('code', () => prepareCode({ run, script, workspace, signal }), describeCode);
  const python = await clock.run(
    'environment',
    () => prepareTaskEnvironment({ run, script, code, place, workspace, signal }),
    describeEnvironment,
  );
  if (python.upkeep) run.upkeep.push(python.upkeep);
  await convertNotebook(place, code, python);
  const configFile = path.join(run.folder, 'clearml.conf');
  await writeFileDurable(configFile, taskConfigText(ctx.config));
  const extra = { ...(await devicePins(run.ctx)), ...(await taskSection(run)) };
  const command = commandOf({ run, code, python, configFile, extra });
  return {
    driver,
    place,
    command,
    display: `[${code.shownFolder}]$ ${command.argv.map(shellQuote).join(' ')}`,
  };
}

function scriptOf(record: TaskRecord): TaskScript {
  if (record.script && Object.keys(record.script).length > 0) return record.script;
  throw new AgentError('TASK_INVALID', `task ${record.id} has no script section, so there is nothing to run`);
}

interface CommandParts {
  run: TaskRun;
  code: TaskCode;
  python: PythonEnvironment;
  configFile: string;
  /** Section `Environment` of the task. */
  extra: Readonly<Record<string, string>>;
}

function commandOf({ run, code, python, configFile, extra }: CommandParts): PlaceCommand {
  const { ctx } = run;
  const env = taskEnvironment(ctx.environment, {
    taskId: run.task,
    workerId: ctx.workerId,
    workerTags: ctx.workerTags,
    configFile,
    logLevel: ctx.taskLogLevel,
    pythonPath: [...code.pythonPath, ...python.pathEntries, ...extraPythonPath(ctx.config)],
    binFolders: python.binFolder === undefined ? [] : [python.binFolder],
    extra: { ...python.environment, ...extra },
  });
  const interpreter = code.kind === 'python' ? [...python.python, '-u', ...ctx.pythonFlags] : [code.shell];
  const [program = '', ...flags] = interpreter;
  const { command } = python;
  if (command)
    return { argv: [program, ...flags, ...splitWords(command.entryPoint)], cwd: command.workingFolder, env };
  return { argv: [program, ...flags, ...code.plan.arguments], cwd: code.folder, env };
}

function extraPythonPath(config: Config): string[] {
  return (config.variable('CLEARML_AGENT_EXTRA_PYTHON_PATH') ?? '')
    .split(':')
    .filter((folder) => folder !== '');
}

/** Variables that the task itself brings, where the agent's configuration lets it. */
async function taskSection({ ctx, task }: TaskRun): Promise<Record<string, string>> {
  if (!ctx.config.boolean('agent.enable_task_env')) return {};
  const parameters = await ctx.tasks.getHyperParams(task, { retry: 'bounded' });
  const own = parameters.filter(({ section }) => section === 'Environment');
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

/** A notebook becomes a script before it is run. */
async function convertNotebook(place: Place, code: TaskCode, python: PythonEnvironment): Promise<void> {
  const { conversion } = code.plan;
  if (conversion === undefined) return;
  const [program, ...flags] = python.python;
  const argv = [program, ...flags, ...conversion.arguments] as const;
  const result = await place.exec({ argv: [...argv] as [string, ...string[]], cwd: code.folder });
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
