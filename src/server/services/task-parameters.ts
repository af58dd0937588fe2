import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { asObject, asText, asTexts, isSafeName, type JsonObject } from '../json.js';
import type { Written } from '../tasks/change-status.js';
import type { TaskStatus } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';
import { configuration, parameter } from '../tasks/task-fields.js';
import { writeTask } from '../tasks/write-task.js';

/** Hyper-parameters and configuration objects of tasks. */
export const taskParameterEndpoints: EndpointTable = {
  'tasks.get_hyper_params': { handler: getHyperParams, fields: { tasks: 'texts!' } },
  'tasks.edit_hyper_params': { handler: editHyperParams, fields: { task: 'text!', hyperparams: 'objects!' } },
  'tasks.delete_hyper_params': {
    handler: deleteHyperParams,
    fields: { task: 'text!', hyperparams: 'objects!' },
  },
  'tasks.get_configurations': { handler: getConfigurations, fields: { tasks: 'texts!' } },
  'tasks.get_configuration_names': { handler: getConfigurationNames, fields: { tasks: 'texts!' } },
  'tasks.edit_configuration': {
    handler: editConfiguration,
    fields: { task: 'text!', configuration: 'objects!' },
  },
  'tasks.delete_configuration': {
    handler: deleteConfiguration,
    fields: { task: 'text!', configuration: 'texts!' },
  },
};

/** Users may write this section of a task in any status. */
const FREE_SECTION = 'properties';

function getHyperParams({ server, params }: Call): JsonObject {
  const listed = params.texts('tasks').map((id) => {
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

function editHyperParams(call: Call): Written {
  const { server, params } = call;
  const items = params.objects('hyperparams').map(parameter);
  const task = taskOf(server, params.text('task'));
  assertWritable(call, task, items);
  const replace = params.optionalText('replace_hyperparams') ?? 'none';
  const kept: JsonObject = replace === 'all' ? {} : { ...task.hyperparams };
  if (replace === 'section') for (const item of items) delete kept[sectionOf(item)];
  for (const item of items) {
    const section = sectionOf(item);
    const name = safe(asText(item.name), 'name');
    kept[section] = { ...asObject(kept[section]), [name]: { ...item, section, name } };
  }
  return writeTask(call, task, { hyperparams: kept });
}

function deleteHyperParams(call: Call): JsonObject {
  const { server, params } = call;
  const items = params.objects('hyperparams');
  const task = taskOf(server, params.text('task'));
  assertWritable(call, task, items);
  const kept: JsonObject = { ...task.hyperparams };
  for (const item of items) {
    const section = sectionOf(item);
    const name = asText(item.name);
    const { [name ?? '']: _removed, ...rest } = asObject(kept[section]);
    if (name === undefined || Object.keys(rest).length === 0) delete kept[section];
    else kept[section] = rest;
  }
  return { deleted: writeTask(call, task, { hyperparams: kept }).updated };
}

function getConfigurations({ server, params }: Call): JsonObject {
  const names = params.texts('names');
  const listed = params.texts('tasks').map((id) => {
    const all = Object.entries(taskOf(server, id).configuration).sort(([a], [b]) => (a < b ? -1 : 1));
    const chosen = all.filter(([name]) => names.length === 0 || names.includes(name));
    return { task: id, configuration: chosen.map(([, item]) => asObject(item)) };
  });
  return { configurations: listed };
}

function getConfigurationNames({ server, params }: Call): JsonObject {
  const listed = params.texts('tasks').map((id) => ({
    task: id,
    names: Object.keys(taskOf(server, id).configuration).sort(),
  }));
  return { configurations: listed };
}

function editConfiguration(call: Call): Written {
  const { server, params } = call;
  const task = taskOf(server, params.text('task'));
  assertWritable(call, task, []);
  const kept: JsonObject = params.flag('replace_configuration') ? {} : { ...task.configuration };
  for (const item of params.objects('configuration').map(configuration)) {
    kept[safe(asText(item.name), 'name')] = item;
  }
  return writeTask(call, task, { configuration: kept });
}

function deleteConfiguration(call: Call): JsonObject {
  const { server, params } = call;
  const task = taskOf(server, params.text('task'));
  assertWritable(call, task, []);
  const removed = new Set(asTexts(params.value('configuration')));
  const kept = Object.entries(task.configuration).filter(([name]) => !removed.has(name));
  return { deleted: writeTask(call, task, { configuration: Object.fromEntries(kept) }).updated };
}

/** Drafts are writable; with force, what is queued or runs, too. The free section always is. */
function assertWritable({ params }: Call, task: TaskDocument, items: readonly JsonObject[]): void {
  if (items.length > 0 && items.every((item) => item.section === FREE_SECTION)) return;
  const expected: TaskStatus[] = params.flag('force') ? ['created', 'queued', 'in_progress'] : ['created'];
  if (!expected.includes(task.status))
    throw new ApiError('invalid_task_status', { expected, status: task.status });
}

function sectionOf(item: JsonObject): string {
  return safe(asText(item.section), 'section');
}

function safe(name: string | undefined, field: string): string {
  if (name !== undefined && isSafeName(name)) return name;
  throw new ApiError('validation_error', { field }, 'expected a name');
}
