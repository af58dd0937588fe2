import { ApiError } from '../api-error.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { deleteEvents } from '../events/event-store.js';
import { eventUrls } from '../events/event-urls.js';
import { asObjects, type JsonObject } from '../json.js';
import { flag, required, text, withDefault } from '../schema.js';
import { changeStatus, requestedChange, STATUS_FIELDS } from '../tasks/change-status.js';
import { removeFromQueues } from '../tasks/queue-entries.js';
import { assertTransition } from '../tasks/status-machine.js';
import { emptyExecution, emptySections, type TaskDocument, taskOf } from '../tasks/task-document.js';
import {
  artifactUrls,
  type RemovedOutputs,
  type RemovingCall,
  removeOutputs,
} from '../tasks/task-outputs.js';

const TASK = { task: required(text) } as const;
const OUTPUTS = {
  return_file_urls: flag,
  delete_output_models: withDefault(flag, true),
  delete_external_artifacts: flag,
} as const;
export const RESETTING = { ...STATUS_FIELDS, ...OUTPUTS, clear_all: flag } as const;
export const DELETING = { ...OUTPUTS, force: flag, include_pipeline_steps: flag } as const;

export const taskRemovalEndpoints: EndpointTable = {
  'tasks.reset': endpoint({ ...TASK, ...RESETTING }, (call) => resetTask(call, call.body.task)),
  'tasks.delete': endpoint({ ...TASK, ...DELETING }, (call) => deleteTask(call, call.body.task)),
};

/** Makes a task a draft again: what a run left on it goes, and its events. */
export function resetTask(call: CallWith<typeof RESETTING>, id: string): JsonObject {
  const task = taskOf(call.server, id);
  const { force = false } = call.body;
  if (!force) assertTransition(task, 'created');
  const { delete_output_models: deletesModels } = call.body;
  const event_urls = call.body.return_file_urls ? eventUrls(call.server.database, id) : [];
  const { counts, modelUrls } = removeOutputs(call, task, { force, deletesModels, marks: false });
  const removed = removeFromQueues(call.server, id);
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
    deleted_models: counts.deleted_models,
    events: {},
    urls: call.body.return_file_urls
      ? { model_urls: modelUrls, event_urls, artifact_urls: artifactUrls(task) }
      : {},
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
  const choice = { deletesModels: call.body.delete_output_models };
  if (call.body.include_pipeline_steps) {
    const steps = [...call.server.tasks.scan({ where: 'parent = ?', parameters: [id] })];
    for (const step of steps)
      if (step.type !== 'controller') removeTask(call, step, { ...choice, force: true });
  }
  const { counts, urls } = removeTask(call, task, { ...choice, force });
  return { deleted: true, ...counts, urls: call.body.return_file_urls ? { ...urls } : null };
}

/** Addresses of the files that a task left on file servers; whoever removes the task removes them. */
export interface TaskUrls {
  model_urls: string[];
  event_urls: string[];
  artifact_urls: string[];
}

/** Removes a task with its events, and its models that are no others' if `deletesModels` says so. */
export function removeTask(
  call: RemovingCall,
  task: TaskDocument,
  removal: { force: boolean; deletesModels: boolean },
): Pick<RemovedOutputs, 'counts'> & { urls: TaskUrls } {
  const event_urls = eventUrls(call.server.database, task.id);
  const { counts, modelUrls } = removeOutputs(call, task, { ...removal, marks: true });
  removeFromQueues(call.server, task.id);
  deleteEvents(call.server.database, task.id);
  call.server.tasks.delete(task.id);
  return { counts, urls: { model_urls: modelUrls, event_urls, artifact_urls: artifactUrls(task) } };
}
