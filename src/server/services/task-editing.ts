import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isoDate } from '../dates.js';
import { asObject, asTexts, isSafeName, type JsonObject } from '../json.js';
import { touchProject, type Written } from '../tasks/change-status.js';
import { newTask, withMergedSections } from '../tasks/new-task.js';
import { isTaskStatus, type TaskStatus } from '../tasks/status-machine.js';
import { taskOf } from '../tasks/task-document.js';
import { requestedFields } from '../tasks/task-fields.js';
import { writableTask } from '../tasks/write-task.js';

export const taskEditingEndpoints: EndpointTable = {
  'tasks.create': { handler: create, required: ['name', 'type'] },
  'tasks.validate': { handler: validate, required: ['name', 'type'] },
  'tasks.edit': { handler: edit, required: ['task'] },
  'tasks.update': { handler: update, required: ['task'] },
  'tasks.edit_runtime': { handler: editRuntime, required: ['task'], since: [2, 34] },
  'tasks.set_requirements': { handler: setRequirements, required: ['task', 'requirements'] },
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
  const now = isoDate(server.now());
  const counts = Object.keys(fields).some((name) => !FREE_FIELDS.has(name));
  server.tasks.put({
    ...task,
    ...fields,
    last_change: now,
    last_changed_by: identity.user,
    ...(counts ? { last_update: now } : {}),
  });
  touchProject(server, fields.project ?? task.project, now);
  return { updated: 1, fields: { ...fields, last_change: now, ...(counts ? { last_update: now } : {}) } };
}

/** An edit may set the status directly; no transition is checked. */
function editedStatus({ params }: Call): { status?: TaskStatus } {
  const status = params.optionalText('status');
  if (status === undefined) return {};
  if (!isTaskStatus(status)) throw new ApiError('validation_error', { status }, 'unknown task status');
  return { status };
}

function update(call: Call): Written {
  const { server, params, identity } = call;
  const task = taskOf(server, params.text('task'));
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
  const now = isoDate(server.now());
  server.tasks.put({ ...task, ...fields, last_change: now, last_changed_by: identity.user });
  return { updated: 1, fields: { ...fields, last_change: now } };
}

function editRuntime(call: Call): Written {
  const { server, params } = call;
  const task = writableTask(call);
  const removed = new Set(asTexts(params.value('remove')));
  const entries = Object.entries({ ...task.runtime, ...params.object('add_or_update') });
  const runtime = Object.fromEntries(entries.filter(([name]) => !removed.has(name) && isSafeName(name)));
  const now = isoDate(server.now());
  server.tasks.put({ ...task, runtime, last_update: now, last_change: now });
  return { updated: 1, fields: { runtime, last_update: now } };
}

function setRequirements(call: Call): Written {
  const { server, params } = call;
  const task = taskOf(server, params.text('task'));
  if (Object.keys(asObject(task.script)).length === 0)
    throw new ApiError('missing_task_fields', { task: task.id });
  const now = isoDate(server.now());
  const script = { ...task.script, requirements: params.object('requirements') };
  server.tasks.put({ ...task, script, last_update: now, last_change: now });
  return { updated: 1, fields: { 'script.requirements': script.requirements, last_update: now } };
}
