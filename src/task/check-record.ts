import type { TaskRecord, TaskScript } from '../api/task-record.js';
import { AgentError } from '../errors.js';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => value === undefined || value === null || typeof value === 'string';
const isSection: Check = (value) =>
  value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));
const isTextOrLines: Check = (value) =>
  isText(value) || (Array.isArray(value) && value.every((line) => typeof line === 'string'));

/** What the fields that the agent reads must be, by their dotted names, and how that is said. */
const FIELDS: readonly [name: string, expected: string, check: Check][] = [
  ...['binary', 'repository', 'branch', 'tag', 'version_num', 'entry_point', 'working_dir', 'diff'].map(
    (name): [string, string, Check] => [`script.${name}`, 'a text', isText],
  ),
  ['container.image', 'a text', isText],
  ['container.arguments', 'a text or a list of texts', isTextOrLines],
  ['container.setup_shell_script', 'a text', isText],
];

/**
 * The script of a task whose fields have the types that the rest of the agent relies on: a record is data of strangers.
 *
 * @throws AgentError TASK_INVALID naming the field, what was expected and what came
 */
export function checkedScript(record: TaskRecord): TaskScript {
  for (const [name, value] of Object.entries({ script: record.script, container: record.container }))
    if (!isSection(value)) throw wrongField(name, 'an object', value);
  const { script } = record;
  if (!script || Object.keys(script).length === 0)
    throw new AgentError(
      'TASK_INVALID',
      `task ${record.id} has no script section, so there is nothing to run`,
    );
  for (const [name, expected, check] of FIELDS) requireField(record, name, expected, check);
  requireRequirements(script.requirements);
  return script;
}

function requireField(record: TaskRecord, name: string, expected: string, check: Check): void {
  const [section = '', field = ''] = name.split('.');
  const value: unknown = Object(Object(record)[section])[field];
  if (!check(value)) throw wrongField(name, expected, value);
  if (typeof value === 'string' && value.includes('\0') && name !== 'script.diff')
    throw wrongField(name, 'a text without NUL characters', value);
}

function requireRequirements(requirements: unknown): void {
  if (requirements === undefined || requirements === null) return;
  if (typeof requirements !== 'object' || Array.isArray(requirements))
    throw wrongField('script.requirements', 'an object such as {"pip": "numpy"}', requirements);
  for (const [name, list] of Object.entries(requirements))
    if (!isTextOrLines(list))
      throw wrongField(`script.requirements.${name}`, 'a text or a list of texts', list);
}

function wrongField(name: string, expected: string, value: unknown): AgentError {
  const shown = JSON.stringify(value)?.slice(0, 60) ?? String(value);
  return new AgentError('TASK_INVALID', `${name} of the task: expected ${expected}, found ${shown}`, {
    hint: 'Correct that field of the task and enqueue it again.',
  });
}
