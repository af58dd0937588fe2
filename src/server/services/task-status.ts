import { ApiError } from '../api-error.js';
import { isoDate, parseDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { flag, required, text, withDefault } from '../schema.js';
import { changeStatus, requestedChange, STATUS_FIELDS, type Written } from '../tasks/change-status.js';
import { removeFromQueues } from '../tasks/queue-entries.js';
import { alive } from '../tasks/signs-of-life.js';
import { assertTransition, STOPPING, type TaskStatus } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';

/** A worker without news from its task for this long is considered gone, and a stop does not wait for it. */
const WORKER_SILENCE_MS = 600_000;

const CHANGED = { ...STATUS_FIELDS, task: required(text) } as const;
export const PUBLISHING = { ...STATUS_FIELDS, publish_model: withDefault(flag, true) } as const;
const COMPLETED = { ...CHANGED, ...PUBLISHING, publish: flag } as const;

export const taskStatusEndpoints: EndpointTable = {
  'tasks.started': endpoint(CHANGED, started),
  'tasks.stopped': endpoint(CHANGED, (call) => ended(call, 'stopped')),
  'tasks.failed': endpoint(CHANGED, (call) => ended(call, 'failed')),
  'tasks.completed': endpoint(COMPLETED, completed),
  'tasks.close': endpoint(CHANGED, close),
  'tasks.stop': endpoint(CHANGED, (call) => stopTask(call, call.body.task)),
  'tasks.publish': endpoint({ ...CHANGED, ...PUBLISHING }, (call) => publishTask(call, call.body.task)),
  'tasks.ping': endpoint(CHANGED, ping),
};

function started(call: CallWith<typeof CHANGED>): JsonObject {
  const id = call.body.task;
  const task = call.server.tasks.find(id);
  if (task === undefined) throw new ApiError('invalid_id', { id });
  const goesOn = task.status === 'in_progress' && task.started !== undefined;
  const fields: Partial<TaskDocument> = goesOn
    ? {}
    : { started: isoDate(call.server.now()), completed: undefined, active_duration: undefined };
  const written = changeStatus(call.server, task, requestedChange(call, { to: 'in_progress', fields }));
  return { ...written, started: written.updated };
}

function ended(call: CallWith<typeof CHANGED>, to: TaskStatus): Written {
  const task = taskOf(call.server, call.body.task);
  const fields = { completed: isoDate(call.server.now()) };
  return changeStatus(call.server, task, requestedChange(call, { to, fields }));
}

function completed(call: CallWith<typeof COMPLETED>): JsonObject {
  const written = ended(call, 'completed');
  if (!call.body.publish) return { ...written, published: 0 };
  const published = publishTask(call, call.body.task);
  const { published: _at, output: _output, ...fields } = published.fields;
  return { updated: 1, published: 1, fields: { ...written.fields, ...fields } };
}

function close(call: CallWith<typeof CHANGED>): Written {
  const task = taskOf(call.server, call.body.task);
  return changeStatus(call.server, task, requestedChange(call, { to: 'closed' }));
}

/** Ends a task at once where no worker is at it; else asks its worker to, by the message `stopping`. */
export function stopTask(call: CallWith<typeof STATUS_FIELDS>, id: string): Written {
  const task = taskOf(call.server, id);
  const message = `Stopped by ${call.identity.userName}`;
  if (task.status === 'queued') removeFromQueues(call.server, id);
  else if (hasLiveWorker(task, call.server.now())) {
    return changeStatus(call.server, task, requestedChange(call, { to: task.status, message: STOPPING }));
  }
  return changeStatus(call.server, task, requestedChange(call, { to: 'stopped', message }));
}

function hasLiveWorker(task: TaskDocument, now: number): boolean {
  if (task.system_tags.includes('development') || task.last_worker === undefined) return false;
  const updated = parseDate(task.last_update ?? '') ?? 0;
  return now - updated <= WORKER_SILENCE_MS;
}

/** Publishes a task and the last model that it made. */
export function publishTask(call: CallWith<typeof PUBLISHING>, id: string): Written {
  const task = taskOf(call.server, id);
  if (!call.body.force) {
    // What is published is not published again, although other statuses may be written over themselves.
    if (task.status === 'published')
      throw new ApiError('invalid_task_status', { current_status: task.status, new_status: 'published' });
    assertTransition(task, 'published');
  }
  if (call.body.publish_model) publishLastModel(call, task);
  const { error: _error, ...output } = task.output;
  const fields = { published: isoDate(call.server.now()), output };
  return changeStatus(call.server, task, requestedChange(call, { to: 'published', fields, force: true }));
}

function publishLastModel(call: Call, task: TaskDocument): void {
  const { output } = task.models;
  const last = Array.isArray(output) ? output.at(-1) : undefined;
  const id = typeof last === 'object' && last !== null && !Array.isArray(last) ? last.model : undefined;
  const model = typeof id === 'string' ? call.server.models.find(id) : undefined;
  if (model !== undefined) call.server.models.put({ ...model, ready: true });
}

function ping(call: CallWith<typeof CHANGED>): JsonObject {
  const task = call.server.tasks.find(call.body.task);
  if (task !== undefined) call.server.tasks.put(alive(task, call.server.now()));
  return {};
}
