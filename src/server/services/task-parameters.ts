import { ApiError } from '../api-error.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObject, type JsonObject } from '../json.js';
import { flag, key, listOf, object, required, text, texts, withDefault } from '../schema.js';
import type { Written } from '../tasks/change-status.js';
import type { TaskStatus } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';
import { configuration, parameter } from '../tasks/task-fields.js';
import { writeTask } from '../tasks/write-task.js';

const TASKS = { tasks: required(texts) } as const;
const TASK = { task: required(text), force: flag } as const;
const PARAMETER = object({ section: required(key), name: required(key) });
const PARAMETERS = {
  ...TASK,
  hyperparams: required(listOf(PARAMETER)),
  replace_hyperparams: withDefault(text, 'none'),
} as const;
const CHOSEN_PARAMETERS = {
  ...TASK,
  hyperparams: required(listOf(object({ section: required(key), name: text }))),
} as const;
const NAMED = { ...TASKS, names: texts } as const;
const CONFIGURATIONS = {
  ...TASK,
  configuration: required(listOf(object({ name: required(key) }))),
  replace_configuration: flag,
} as const;
const CHOSEN_CONFIGURATIONS = { ...TASK, configuration: required(texts) } as const;

/** Hyper-parameters and configuration objects of tasks. */
export const taskParameterEndpoints: EndpointTable = {
  'tasks.get_hyper_params': endpoint(TASKS, getHyperParams),
  'tasks.edit_hyper_params': endpoint(PARAMETERS, editHyperParams),
  'tasks.delete_hyper_params': endpoint(CHOSEN_PARAMETERS, deleteHyperParams),
  'tasks.get_configurations': endpoint(NAMED, getConfigurations),
  'tasks.get_configuration_names': endpoint(TASKS, getConfigurationNames),
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

function editHyperParams(call: CallWith<typeof PARAMETERS>): Written {
  const { server, body } = call;
  const task = taskOf(server, body.task);
  const { hyperparams: items, replace_hyperparams: replace } = body;
  assertWritable(call, task, items);
  const kept: JsonObject = replace === 'all' ? {} : { ...task.hyperparams };
  if (replace === 'section') for (const item of items) delete kept[item.section];
  for (const item of items) {
    const { section, name } = item;
    kept[section] = { ...asObject(kept[section]), [name]: parameter(item) };
  }
  return writeTask(call, task, { hyperparams: kept });
}

function deleteHyperParams(call: CallWith<typeof CHOSEN_PARAMETERS>): JsonObject {
  const { server, body } = call;
  const items = body.hyperparams;
  const task = taskOf(server, body.task);
  assertWritable(call, task, items);
  const kept: JsonObject = { ...task.hyperparams };
  for (const { section, name = '' } of items) {
    const { [name]: _removed, ...rest } = asObject(kept[section]);
    if (name === '' || Object.keys(rest).length === 0) delete kept[section];
    else kept[section] = rest;
  }
  return { deleted: writeTask(call, task, { hyperparams: kept }).updated };
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

function getConfigurationNames({ server, body }: CallWith<typeof TASKS>): JsonObject {
  const listed = body.tasks.map((id) => ({
    task: id,
    names: Object.keys(taskOf(server, id).configuration).sort(),
  }));
  return { configurations: listed };
}

function editConfiguration(call: CallWith<typeof CONFIGURATIONS>): Written {
  const { server, body } = call;
  const task = taskOf(server, body.task);
  assertWritable(call, task, []);
  const kept: JsonObject = body.replace_configuration ? {} : { ...task.configuration };
  for (const item of body.configuration) kept[item.name] = configuration(item);
  return writeTask(call, task, { configuration: kept });
}

function deleteConfiguration(call: CallWith<typeof CHOSEN_CONFIGURATIONS>): JsonObject {
  const { server, body } = call;
  const task = taskOf(server, body.task);
  assertWritable(call, task, []);
  const removed = new Set(body.configuration);
  const kept = Object.entries(task.configuration).filter(([name]) => !removed.has(name));
  return { deleted: writeTask(call, task, { configuration: Object.fromEntries(kept) }).updated };
}

/** Drafts are writable; with force, what is queued or runs, too. The free section always is. */
function assertWritable(
  { body }: CallWith<typeof TASK>,
  task: TaskDocument,
  items: readonly JsonObject[],
): void {
  if (items.length > 0 && items.every((item) => item.section === FREE_SECTION)) return;
  const expected: TaskStatus[] = body.force ? ['created', 'queued', 'in_progress'] : ['created'];
  if (!expected.includes(task.status))
    throw new ApiError('invalid_task_status', { expected, status: task.status });
}
