import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isoDate, parseDate } from '../dates.js';
import type { JsonObject } from '../json.js';
import type { FieldTable } from '../request-fields.js';
import { changeStatus, requestedChange, type Written } from '../tasks/change-status.js';
import { removeFromQueues } from '../tasks/queue-entries.js';
import { alive } from '../tasks/signs-of-life.js';
import { assertTransition, STOPPING, type TaskStatus } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';

/** A worker without news from its task for this long is considered gone, and a stop does not wait for it. */
const WORKER_SILENCE_MS = 600_000;

const fields: FieldTable = { task: 'text!', force: 'flag', status_reason: 'text', status_message: 'text' };

export const taskStatusEndpoints: EndpointTable = {
  'tasks.started': { handler: started, fields },
  'tasks.stopped': { handler: (call) => ended(call, 'stopped'), fields },
  'tasks.failed': { handler: (call) => ended(call, 'failed'), fields },
  'tasks.completed': { handler: completed, fields },
  'tasks.close': { handler: close, fields },
  'tasks.stop': { handler: (call) => stopTask(call, call.params.text('task')), fields },
  'tasks.publish': { handler: (call) => publishTask(call, call.params.text('task')), fields },
  'tasks.ping': { handler: ping, fields },
};

function started(call: Call): JsonObject {
  const id = call.params.text('task');
  const task = call.server.tasks.find(id);
  if (task === undefined) throw new ApiError('invalid_id', { id });
  const goesOn = task.status === 'in_progress' && task.started !== undefined;
  const fields: Partial<TaskDocument> = goesOn
    ? {}
    : { started: isoDate(call.server.now()), completed: undefined, active_duration: undefined };
  const written = changeStatus(call.server, task, requestedChange(call, { to: 'in_progress', fields }));
  return { ...written, started: written.updated };
}

function ended(call: Call, to: TaskStatus): Written {
  const task = taskOf(call.server, call.params.text('task'));
  const fields = { completed: isoDate(call.server.now()) };
  return changeStatus(call.server, task, requestedChange(call, { to, fields }));
}

function completed(call: Call): JsonObject {
  const written = ended(call, 'completed');
  if (!call.params.flag('publish')) return { ...written, published: 0 };
  const published = publishTask(call, call.params.text('task'));
  const { published: _at, output: _output, ...fields } = published.fields;
  return { updated: 1, published: 1, fields: { ...written.fields, ...fields } };
}

function close(call: Call): Written {
  const task = taskOf(call.server, call.params.text('task'));
  return changeStatus(call.server, task, requestedChange(call, { to: 'closed' }));
}

/** Ends a task at once where no worker is at it; else asks its worker to, by the message `stopping`. */
export function stopTask(call: Call, id: string): Written {
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
export function publishTask(call: Call, id: string): Written {
  const task = taskOf(call.server, id);
  if (!call.params.flag('force')) {
    // What is published is not published again, although other statuses may be written over themselves.
    if (task.status === 'published')
      throw new ApiError('invalid_task_status', { current_status: task.status, new_status: 'published' });
    assertTransition(task, 'published');
  }
  if (call.params.flag('publish_model', true)) publishLastModel(call, task);
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

function ping(call: Call): JsonObject {
  const task = call.server.tasks.find(call.params.text('task'));
  if (task !== undefined) call.server.tasks.put(alive(task, call.server.now()));
  return {};
}
