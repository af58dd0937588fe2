import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { batchEndpoint, type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObject, isSafeName, type JsonObject } from '../json.js';
import { type Body, flag, map, oneOf, required, text, texts, withDefault } from '../schema.js';
import { touchProject, type Written } from '../tasks/change-status.js';
import { newTask, withMergedSections } from '../tasks/new-task.js';
import { TASK_STATUSES } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';
import { requestedFields, TASK_FIELDS } from '../tasks/task-fields.js';
import { writableTask } from '../tasks/write-task.js';

const CREATED = {
  ...TASK_FIELDS,
  name: required(TASK_FIELDS.name),
  type: required(TASK_FIELDS.type),
} as const;
/** An edit may set the status directly; no transition is checked. */
const EDITED = { ...TASK_FIELDS, task: required(text), force: flag, status: oneOf(TASK_STATUSES) } as const;
const CHANGED = { ...TASK_FIELDS, status_message: text } as const;
const UPDATED = { ...CHANGED, task: required(text) } as const;
const LINE = { ...CHANGED, task: withDefault(text, '') } as const;
const RUNTIME = { task: required(text), add_or_update: map, remove: texts } as const;
const REQUIREMENTS = { task: required(text), requirements: required(map) } as const;

export const taskEditingEndpoints: EndpointTable = {
  'tasks.create': endpoint(CREATED, create),
  'tasks.validate': endpoint(CREATED, validate),
  'tasks.edit': endpoint(EDITED, edit),
  'tasks.update': endpoint(UPDATED, update),
  'tasks.update_batch': batchEndpoint(LINE, updateBatch),
  'tasks.edit_runtime': endpoint(RUNTIME, editRuntime),
  'tasks.set_requirements': endpoint(REQUIREMENTS, setRequirements),
};

/** Fields that may change without the task counting as updated. */
const FREE_FIELDS = new Set(['name', 'comment', 'tags', 'system_tags', 'project']);

function create(call: CallWith<typeof CREATED>): JsonObject {
  const fields = requestedFields(call);
  const task = newTask(call, fields);
  call.server.tasks.put(task);
  touchProject(call.server, task.project, task.created);
  return { id: task.id };
}

function validate(call: CallWith<typeof CREATED>): JsonObject {
  requestedFields(call);
  return {};
}

function edit(call: CallWith<typeof EDITED>): Written {
  const { server, body, identity } = call;
  const task = taskOf(server, body.task);
  if (task.status !== 'created' && !body.force) {
    throw new ApiError('invalid_task_status', { expected: 'created', status: task.status });
  }
  const fields = withMergedSections(task, {
    ...requestedFields(call),
    ...(body.status === undefined ? {} : { status: body.status }),
  });
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

function update(call: CallWith<typeof UPDATED>): Written {
  return updateTask(call, taskOf(call.server, call.body.task));
}

/** The few fields that may change in any status; all others of a request are ignored. */
function updateTask(call: CallWith<typeof CHANGED>, task: TaskDocument): Written {
  const { server, body, identity } = call;
  const { name, comment, tags, system_tags, project } = requestedFields(call);
  const error = body.output?.error;
  const all = {
    name,
    comment,
    tags,
    system_tags,
    project,
    status_message: body.status_message,
    output: error === undefined ? undefined : { ...task.output, error },
  };
  const fields = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  const written = { ...fields, last_change: isoDate(server.now()), last_changed_by: identity.user };
  server.tasks.put({ ...task, ...written });
  return { updated: 1, fields: written };
}

/** One update a line; all of them or none. */
function updateBatch(call: Call<readonly Body<typeof LINE>[]>): JsonObject {
  const tasks = call.body.map(({ task }) => taskOf(call.server, task));
  const updated = call.body.map(
    (item, index) => updateTask({ ...call, body: item }, tasks[index] as TaskDocument).updated,
  );
  return { updated: updated.reduce((sum, count) => sum + count, 0) };
}

function editRuntime(call: CallWith<typeof RUNTIME>): JsonObject {
  const { server, body } = call;
  const task = writableTask(call);
  const { add_or_update: added = {} } = body;
  const removed = new Set(body.remove);
  if (removed.size === 0 && Object.keys(added).length === 0) return { updated: 0 };
  const entries = Object.entries({ ...task.runtime, ...added });
  const runtime = Object.fromEntries(entries.filter(([name]) => !removed.has(name) && isSafeName(name)));
  const now = isoDate(server.now());
  server.tasks.put({ ...task, runtime, last_update: now, last_change: now });
  return { updated: 1 };
}

function setRequirements(call: CallWith<typeof REQUIREMENTS>): Written {
  const { server, body } = call;
  const task = taskOf(server, body.task);
  if (Object.keys(asObject(task.script)).length === 0)
    throw new ApiError('missing_task_fields', { task: task.id });
  const now = isoDate(server.now());
  const script = { ...task.script, requirements: body.requirements };
  server.tasks.put({ ...task, script, last_update: now, last_change: now });
  return { updated: 1, fields: {} };
}
