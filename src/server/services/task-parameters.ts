import { ApiError } from '../api-error.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObject, type JsonObject } from '../json.js';
import {
  flag,
  key,
  listOf,
  nullableText,
  object,
  oneOf,
  required,
  text,
  texts,
  withDefault,
} from '../schema.js';
import type { TaskStatus } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';
import { configuration, parameter } from '../tasks/task-fields.js';
import { writeTask } from '../tasks/write-task.js';

const TASKS = { tasks: required(texts) } as const;
const TASK = { task: required(text), force: flag } as const;
const VALUE = { value: required(text), type: text, description: text } as const;
const PARAMETER = object({ section: required(key), name: required(key), ...VALUE });
const PARAMETERS = {
  ...TASK,
  hyperparams: required(listOf(PARAMETER)),
  replace_hyperparams: withDefault(oneOf(['none', 'section', 'all']), 'none'),
} as const;
const CHOSEN_PARAMETERS = {
  ...TASK,
  hyperparams: required(listOf(object({ section: required(key), name: nullableText }))),
} as const;
const NAMES = { ...TASKS, skip_empty: withDefault(flag, true) } as const;
const NAMED = { ...TASKS, names: texts } as const;
const CONFIGURATIONS = {
  ...TASK,
  configuration: required(listOf(object({ name: required(key), ...VALUE }))),
  replace_configuration: flag,
} as const;
const CHOSEN_CONFIGURATIONS = { ...TASK, configuration: required(texts) } as const;

/** Hyper-parameters and configuration objects of tasks. */
export const taskParameterEndpoints: EndpointTable = {
  'tasks.get_hyper_params': endpoint(TASKS, getHyperParams),
  'tasks.edit_hyper_params': endpoint(PARAMETERS, editHyperParams),
  'tasks.delete_hyper_params': endpoint(CHOSEN_PARAMETERS, deleteHyperParams),
  'tasks.get_configurations': endpoint(NAMED, getConfigurations),
  'tasks.get_configuration_names': endpoint(NAMES, getConfigurationNames),
  'tasks.edit_configuration': endpoint(CONFIGURATIONS, editConfiguration),
  'tasks.delete_configuration': endpoint(CHOSEN_CONFIGURATIONS, deleteConfiguration),
};

/** Users may write this section of a task in any status. */
const FREE_SECTION = 'properties';

function getHyperParams({ server, body }: CallWith<typeof TASKS>): JsonObject {
  const listed = body.tasks.map((id) => {
    const sections = Object.values(taskOf(server, id).hyperparams);
    const items = sections.flatMap((section) => Object.values(asObject(section)).map(asObject));
    return { task: id, hyperparams: items.sort(bySectionAndName) };
  });
  return { params: listed };
}

function bySectionAndName(a: JsonObject, b: JsonObject): number {
  const key = (item: JsonObject) => `${item.section ?? ''}\0${item.name ?? ''}`;
  return key(a) < key(b) ? -1 : 1;
}

function editHyperParams(call: CallWith<typeof PARAMETERS>): JsonObject {
  const { server, body } = call;
  const task = taskOf(server, body.task);
  const items = normalized(body.hyperparams);
  const isFree = assertWritable(call, task, items);
  const { replace_hyperparams: replace } = body;
  const kept: JsonObject = replace === 'all' ? {} : { ...task.hyperparams };
  if (replace === 'section') for (const item of items) delete kept[item.section];
  for (const item of items) {
    const { section, name } = item;
    kept[section] = { ...asObject(kept[section]), [name]: parameter(item) };
  }
  writeTask(call, task, { hyperparams: kept }, !isFree);
  return { updated: 1 };
}

/** Without a name a whole section goes; a section without parameters stays. */
function deleteHyperParams(call: CallWith<typeof CHOSEN_PARAMETERS>): JsonObject {
  const { server, body } = call;
  const items = normalized(body.hyperparams);
  const task = taskOf(server, body.task);
  const isFree = assertWritable(call, task, items);
  const whole = new Set(items.filter(({ name }) => !name).map(({ section }) => section));
  const kept: JsonObject = { ...task.hyperparams };
  for (const { section, name } of items) {
    if (!name) {
      delete kept[section];
      continue;
    }
    if (whole.has(section)) throw new ApiError('fields_conflict', { section, name });
    const { [name]: _removed, ...rest } = asObject(kept[section]);
    if (kept[section] !== undefined) kept[section] = rest;
  }
  writeTask(call, task, { hyperparams: kept }, !isFree);
  return { deleted: 1 };
}

/** The free section is written in lower case. */
function normalized<T extends { readonly section: string }>(items: readonly T[]): T[] {
  return items.map((item) =>
    item.section.toLowerCase() === FREE_SECTION ? { ...item, section: FREE_SECTION } : item,
  );
}

function getConfigurations({ server, body }: CallWith<typeof NAMED>): JsonObject {
  const { names = [] } = body;
  const listed = body.tasks.map((id) => {
    const all = Object.entries(taskOf(server, id).configuration).sort(([a], [b]) => (a < b ? -1 : 1));
    const chosen = all.filter(([name]) => names.length === 0 || names.includes(name));
    return { task: id, configuration: chosen.map(([, item]) => asObject(item)) };
  });
  return { configurations: listed };
}

/** Tasks without configurations are left out, as are those that do not exist. */
function getConfigurationNames({ server, body }: CallWith<typeof NAMES>): JsonObject {
  const listed = [...new Set(body.tasks)].map((id) => {
    const items = Object.entries(server.tasks.find(id)?.configuration ?? {});
    const chosen = items.filter(([, item]) => !body.skip_empty || Boolean(asObject(item).value));
    return { task: id, names: chosen.map(([name]) => name).sort() };
  });
  return { configurations: listed.filter(({ names }) => names.length > 0) };
}

function editConfiguration(call: CallWith<typeof CONFIGURATIONS>): JsonObject {
  const { server, body } = call;
  const task = taskOf(server, body.task);
  assertWritable(call, task, []);
  const kept: JsonObject = body.replace_configuration ? {} : { ...task.configuration };
  for (const item of body.configuration) kept[item.name] = configuration(item);
  writeTask(call, task, { configuration: kept });
  return { updated: 1 };
}

function deleteConfiguration(call: CallWith<typeof CHOSEN_CONFIGURATIONS>): JsonObject {
  const { server, body } = call;
  const task = taskOf(server, body.task);
  assertWritable(call, task, []);
  const removed = new Set(body.configuration);
  const kept = Object.entries(task.configuration).filter(([name]) => !removed.has(name));
  writeTask(call, task, { configuration: Object.fromEntries(kept) });
  return { deleted: 1 };
}

/**
 * Drafts are writable; with force, what is queued or runs, too. The free section always is.
 *
 * @returns whether only the free section is written
 */
function assertWritable(
  { body }: CallWith<typeof TASK>,
  task: TaskDocument,
  items: readonly { readonly section: string }[],
): boolean {
  if (items.length > 0 && items.every((item) => item.section === FREE_SECTION)) return true;
  const expected: TaskStatus[] = body.force ? ['created', 'queued', 'in_progress'] : ['created'];
  if (!expected.includes(task.status))
    throw new ApiError('invalid_task_status', { expected, status: task.status });
  return false;
}
