import path from 'node:path';
import type { TaskRecord } from '../../api/task-record.js';
import type { PlaceCommand } from '../../drivers/driver.js';
import { quoteWord } from '../../os/shell-words.js';
import type { PythonEnvironment } from '../../python/environment-request.js';
import type { TaskCode } from '../../task/code/prepare-code.js';

export interface BuiltTask {
  record: TaskRecord;
  code: TaskCode;
  python: PythonEnvironment;
  command: PlaceCommand;
  /** Where a file of the code is in the end. */
  moved(file: string): string;
}

export interface BuiltImage extends Omit<BuiltTask, 'moved'> {
  name: string;
  /** As the engine has it. */
  id: string;
  /** Folder of the code inside. */
  source: string;
  /** The image runs the task. */
  runs: boolean;
}

/** What is in an image, and how it is run. */
export function imageSummary(image: BuiltImage): string[] {
  const { record, code, python, command, name } = image;
  const folder = command.cwd ?? '/';
  return [
    '',
    taskLine(record),
    ...packageLines(python),
    `Image: ${name} (${image.id})`,
    `Source code: ${image.source}`,
    `Entry point: ${entryPoint(code, folder)}`,
    image.runs
      ? `To run it: docker run --rm -e CLEARML_API_HOST -e CLEARML_API_ACCESS_KEY -e CLEARML_API_SECRET_KEY ${name}`
      : `To run it: docker run --rm -w ${quoteWord(folder)} ${name} ${command.argv.map(quoteWord).join(' ')}`,
  ];
}

/** What was built, where it is, and how it is run by hand. */
export function summaryLines(built: BuiltTask): string[] {
  const { record, code, python, command, moved } = built;
  const folder = moved(command.cwd ?? code.folder);
  return [
    '',
    taskLine(record),
    ...packageLines(python),
    `Virtual environment: ${python.binFolder ?? path.dirname(python.python[0])}`,
    `Source code: ${moved(code.repository?.root ?? code.folder)}`,
    `Entry point: ${entryPoint(code, folder)}`,
    `To run it: ${commandLine(built, folder)}`,
  ];
}

function taskLine({ id, name }: TaskRecord): string {
  return `Task: ${id}${name ? ` (${name})` : ''}`;
}

function entryPoint({ plan }: TaskCode, folder: string): string {
  return plan.script ? path.resolve(folder, plan.script) : plan.arguments.join(' ');
}

function packageLines({ frozen = [] }: PythonEnvironment): string[] {
  if (frozen.length === 0) return ['Python packages: none'];
  return [`Python packages: ${frozen.length}`, ...frozen.map((line) => `  ${line}`)];
}

/** As a shell reads it, with what the command needs of the variables that a task would be given. */
function commandLine({ code, python, command, moved }: BuiltTask, folder: string): string {
  const pythonPath = [...new Set(code.pythonPath.map(moved))].join(':');
  const variables = { ...python.environment, ...(code.kind === 'python' ? { PYTHONPATH: pythonPath } : {}) };
  const settings = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quoteWord(value)}`],
  );
  return `cd ${quoteWord(folder)} && ${[...settings, ...command.argv.map(quoteWord)].join(' ')}`;
}
