import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isoDate } from '../dates.js';
import { asObject, isSafeName, type JsonObject } from '../json.js';
import { Params } from '../params.js';
import { touchProject, type Written } from '../tasks/change-status.js';
import { newTask, withMergedSections } from '../tasks/new-task.js';
import { isTaskStatus, type TaskStatus } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';
import { requestedFields } from '../tasks/task-fields.js';
import { writableTask } from '../tasks/write-task.js';

export const taskEditingEndpoints: EndpointTable = {
  'tasks.create': { handler: create, fields: { name: 'text!', type: 'text!' } },
  'tasks.validate': { handler: validate, fields: { name: 'text!', type: 'text!' } },
  'tasks.edit': { handler: edit, fields: { task: 'text!' } },
  'tasks.update': { handler: update, fields: { task: 'text!' } },
  'tasks.update_batch': { handler: updateBatch },
  'tasks.edit_runtime': {
    handler: editRuntime,
    fields: { task: 'text!', add_or_update: 'object', remove: 'texts' },
  },
  'tasks.set_requirements': { handler: setRequirements, fields: { task: 'text!', requirements: 'object!' } },
};

/** Fields that may change without the task counting as updated. */
const FREE_FIELDS = new Set(['name', 'comment', 'tags', 'system_tags', 'project']);

function create(call: Call): JsonObject {
  const fields = requestedFields(call);
  const task = newTask(call, fields);
  call.server.tasks.put(task);
  touchProject(call.server, task.project, task.created);
  return { id: task.id };
}

function validate(call: Call): JsonObject {
  requestedFields(call);
  return {};
}

function edit(call: Call): Written {
  const { server, params, identity } = call;
  const task = taskOf(server, params.text('task'));
  if (task.status !== 'created' && !params.flag('force')) {
    throw new ApiError('invalid_task_status', { expected: 'created', status: task.status });
  }
  const fields = withMergedSections(task, { ...requestedFields(call), ...editedStatus(call) });
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  const now = isoDate(server.now());
  const counts = Object.keys(fields).some((name) => !FREE_FIELDS.has(name));
  const written = {
    ...fields,
    last_change: now,
    last_changed_by: identity.user,
    ...(counts ? { last_update: now } : {}),
  };
  server.tasks.put({ ...task, ...written });
  touchProject(server, fields.project ?? task.project, now);
  return { updated: 1, fields: written };
}

/** An edit may set the status directly; no transition is checked. */
function editedStatus({ params }: Call): { status?: TaskStatus } {
  const status = params.optionalText('status');
  if (status === undefined) return {};
  if (!isTaskStatus(status)) throw new ApiError('validation_error', { status }, 'unknown task status');
  return { status };
}

function update(call: Call): Written {
  return updateTask(call, taskOf(call.server, call.params.text('task')));
}

/** The few fields that may change in any status; all others of a request are ignored. */
function updateTask(call: Call, task: TaskDocument): Written {
  const { server, params, identity } = call;
  const { name, comment, tags, system_tags, project } = requestedFields(call);
  const message = params.optionalText('status_message');
  const error = params.object('output').error;
  const all = {
    name,
    comment,
    tags,
    system_tags,
    project,
    status_message: message,
    output: error === undefined ? undefined : { ...task.output, error },
  };
  const fields = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  const written = { ...fields, last_change: isoDate(server.now()), last_changed_by: identity.user };
  server.tasks.put({ ...task, ...written });
  return { updated: 1, fields: written };
}

/** One update a line; all of them or none. */
function updateBatch(call: Call): JsonObject {
  if (call.batch.length === 0) throw new ApiError('batch_contains_no_items');
  const tasks = call.batch.map(({ task }) => taskOf(call.server, String(task ?? '')));
  const updated = call.batch.map(
    (item, index) => updateTask({ ...call, params: new Params(item) }, tasks[index] as TaskDocument).updated,
  );
  return { updated: updated.reduce((sum, count) => sum + count, 0) };
}

function editRuntime(call: Call): JsonObject {
  const { server, params } = call;
  const task = writableTask(call);
  const removed = new Set(params.texts('remove'));
  if (removed.size === 0 && Object.keys(params.object('add_or_update')).length === 0) return { updated: 0 };
  const entries = Object.entries({ ...task.runtime, ...params.object('add_or_update') });
  const runtime = Object.fromEntries(entries.filter(([name]) => !removed.has(name) && isSafeName(name)));
  const now = isoDate(server.now());
  server.tasks.put({ ...task, runtime, last_update: now, last_change: now });
  return { updated: 1 };
}

function setRequirements(call: Call): Written {
  const { server, params } = call;
  const task = taskOf(server, params.text('task'));
  if (Object.keys(asObject(task.script)).length === 0)
    throw new ApiError('missing_task_fields', { task: task.id });
  const now = isoDate(server.now());
  const script = { ...task.script, requirements: params.object('requirements') };
  server.tasks.put({ ...task, script, last_update: now, last_change: now });
  return { updated: 1, fields: {} };
}
