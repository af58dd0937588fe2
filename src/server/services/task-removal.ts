import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { deleteEvents } from '../events/event-store.js';
import { asObjects, type JsonObject } from '../json.js';
import { flag, required, text } from '../schema.js';
import { changeStatus, requestedChange, STATUS_FIELDS } from '../tasks/change-status.js';
import { removeFromQueues } from '../tasks/queue-entries.js';
import { assertTransition } from '../tasks/status-machine.js';
import { emptyExecution, emptySections, type TaskDocument, taskOf } from '../tasks/task-document.js';

const TASK = { task: required(text) } as const;
export const RESETTING = { ...STATUS_FIELDS, clear_all: flag, return_file_urls: flag } as const;
export const DELETING = { force: flag, return_file_urls: flag } as const;

export const taskRemovalEndpoints: EndpointTable = {
  'tasks.reset': endpoint({ ...TASK, ...RESETTING }, (call) => resetTask(call, call.body.task)),
  'tasks.delete': endpoint({ ...TASK, ...DELETING }, (call) => deleteTask(call, call.body.task)),
};

/** Makes a task a draft again: what a run left on it goes, and its events. */
export function resetTask(call: CallWith<typeof RESETTING>, id: string): JsonObject {
  const task = taskOf(call.server, id);
  const { force = false } = call.body;
  if (!force) assertTransition(task, 'created');
  assertNothingPublished(call, task, force);
  const removed = removeFromQueues(call.server, id);
  const deletedModels = deleteDraftModels(call, task);
  deleteEvents(call.server.database, id);
  const change = requestedChange(call, {
    to: 'created',
    reason: 'reset',
    message: 'reset',
    force: true,
    silent: freshFields(task, call.body.clear_all ?? false),
  });
  const written = changeStatus(call.server, task, change);
  return {
    ...written,
    dequeued: task.status === 'queued' ? { removed } : {},
    deleted_models: deletedModels,
    events: {},
    urls: call.body.return_file_urls ? urlsOf(task) : {},
  };
}

function freshFields(task: TaskDocument, clearAll: boolean): Partial<TaskDocument> {
  const { queue: _left, ...execution } = task.execution;
  const { result: _result, error: _error, ...output } = task.output;
  const artifacts = asObjects(execution.artifacts).filter((artifact) => artifact.mode === 'input');
  const cleared = emptySections();
  return {
    last_iteration: 0,
    last_metrics: {},
    unique_metrics: [],
    metric_stats: {},
    runtime: {},
    models: { input: asObjects(task.models.input), output: [] },
    output,
    execution: clearAll ? emptyExecution() : { ...execution, artifacts },
    ...(clearAll ? { script: cleared.script } : {}),
    last_worker: undefined,
    last_worker_report: undefined,
    started: undefined,
    completed: undefined,
    published: undefined,
    active_duration: undefined,
    enqueue_status: undefined,
  };
}

export function deleteTask(call: CallWith<typeof DELETING>, id: string): JsonObject {
  const task = taskOf(call.server, id);
  const { force = false } = call.body;
  const mayGo = force || task.status === 'created' || task.system_tags.includes('archived');
  if (!mayGo)
    throw new ApiError('task_cannot_be_deleted', { task: id, status: task.status }, 'force is not set');
  assertNothingPublished(call, task, force);
  removeFromQueues(call.server, id);
  const deletedModels = deleteDraftModels(call, task);
  const children = orphan(call, id);
  deleteEvents(call.server.database, id);
  call.server.tasks.delete(id);
  return {
    deleted: true,
    updated_children: children,
    updated_models: 0,
    deleted_models: deletedModels,
    urls: call.body.return_file_urls ? urlsOf(task) : null,
  };
}

function assertNothingPublished({ server }: Call, task: TaskDocument, force: boolean): void {
  if (force) return;
  const children = { where: "parent = ? AND status = 'published'", parameters: [task.id] };
  const models = [...server.models.scan({ where: 'task = ?', parameters: [task.id] })];
  if (server.tasks.count(children) > 0 || models.some((model) => model.ready)) {
    throw new ApiError('task_cannot_be_deleted', { task: task.id }, 'it has published children or models');
  }
}

function deleteDraftModels({ server }: Call, task: TaskDocument): number {
  const drafts = [...server.models.scan({ where: 'task = ?', parameters: [task.id] })].filter(
    (model) => !model.ready,
  );
  for (const { id } of drafts) server.models.delete(id);
  return drafts.length;
}

/** Children of a deleted task lose their parent. */
function orphan({ server }: Call, parent: string): number {
  const children = [...server.tasks.scan({ where: 'parent = ?', parameters: [parent] })];
  for (const child of children) {
    server.tasks.put({ ...child, parent: undefined, last_change: isoDate(server.now()) });
  }
  return children.length;
}

/** Addresses of the files that the task left on file servers; the client removes them. */
function urlsOf(task: TaskDocument): JsonObject {
  const uris = asObjects(task.execution.artifacts).map(({ uri }) => uri);
  const artifacts = uris.filter((uri) => typeof uri === 'string');
  return { model_urls: [], event_urls: [], artifact_urls: artifacts };
}
