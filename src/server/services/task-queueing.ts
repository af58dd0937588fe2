import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import type { QueueDocument } from '../context.js';
import type { JsonObject } from '../json.js';
import { changeStatus, requestedChange } from '../tasks/change-status.js';
import {
  appendEntry,
  createQueue,
  defaultQueue,
  queueNamed,
  queueOf,
  removeEntry,
  removeFromQueues,
} from '../tasks/queue-entries.js';
import { isTaskStatus, type TaskStatus } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';

export const taskQueueingEndpoints: EndpointTable = {
  'tasks.enqueue': { handler: (call) => enqueueTask(call, call.params.text('task')), required: ['task'] },
  'tasks.dequeue': { handler: (call) => dequeueTask(call, call.params.text('task')), required: ['task'] },
};

export function enqueueTask(call: Call, id: string): JsonObject {
  const { server, params } = call;
  const task = taskOf(server, id);
  const updateQueue = params.flag('update_execution_queue', true);
  const watched = params.flag('verify_watched_queue');
  if (!updateQueue) assertMayKeepQueue(task, watched);
  const queue = chosenQueue(call);
  const fields: Partial<TaskDocument> = {
    // Moving between queues keeps what the task was before the first one.
    enqueue_status: task.status === 'queued' ? (task.enqueue_status ?? 'created') : task.status,
    ...(updateQueue ? { execution: { ...task.execution, queue: queue.id } } : {}),
  };
  const change = requestedChange(call, { to: 'queued', fields });
  const written = changeStatus(server, task, change);
  appendEntry(server, queue, task.id);
  removeFromQueues(server, task.id, queue.id);
  const { execution: _whole, ...echoed } = written.fields;
  return {
    queued: 1,
    updated: written.updated,
    fields: { ...echoed, ...(updateQueue ? { 'execution.queue': queue.id } : {}) },
    ...(watched ? { queue_watched: isWatched(call, queue.id) } : {}),
  };
}

function assertMayKeepQueue(task: TaskDocument, watched: boolean): void {
  const detail =
    'a task must be in a queue already for update_execution_queue=false, without verify_watched_queue';
  const queued = task.status === 'queued' && typeof task.execution.queue === 'string';
  if (watched || !queued) throw new ApiError('validation_error', { task: task.id }, detail);
}

/** The queue asked for by id or by name (made if it is new), else the default one. */
function chosenQueue(call: Call): QueueDocument {
  const { server, params } = call;
  const id = params.optionalText('queue');
  const name = params.optionalText('queue_name');
  if (id !== undefined && name !== undefined) {
    throw new ApiError(
      'validation_error',
      { queue: id, queue_name: name },
      'give a queue or a queue name, not both',
    );
  }
  if (id !== undefined) return queueOf(server, id);
  if (name === undefined) return defaultQueue(server);
  return queueNamed(server, name.trim()) ?? createQueue(server, { name, company: call.identity.company });
}

/** Whether a live worker serves the queue. */
function isWatched(call: Call, queue: string): boolean {
  const sql = `SELECT 1 FROM workers, json_each(workers.body, '$.queues') AS served
    WHERE workers.expires > ? AND served.value = ?`;
  return call.server.database.get(sql, call.server.now(), queue) !== undefined;
}

export function dequeueTask(call: Call, id: string): JsonObject {
  const { server, params } = call;
  const wanted = params.optionalText('new_status');
  if (wanted !== undefined && !isTaskStatus(wanted)) {
    throw new ApiError('validation_error', { new_status: wanted }, 'unknown task status');
  }
  const task = server.tasks.find(id);
  if (task === undefined) {
    removeFromQueues(server, id);
    return { dequeued: 1, updated: 0 };
  }
  if (task.status !== 'queued' && task.status !== 'in_progress')
    return { dequeued: 1, updated: 0, fields: {} };
  if (params.flag('remove_from_all_queues')) removeFromQueues(server, id);
  else if (task.status === 'queued') leaveQueue(call, task);
  return { dequeued: 1, ...backFromQueue(call, task, wanted) };
}

/** Puts a task back to a status after its queue entry went: the one asked for, or the one before it was enqueued. */
export function backFromQueue(call: Call, task: TaskDocument, wanted?: TaskStatus): JsonObject {
  const to = wanted ?? task.enqueue_status ?? 'created';
  const fields = { enqueue_status: undefined };
  return changeStatus(call.server, task, requestedChange(call, { to, fields, force: true }));
}

function leaveQueue(call: Call, task: TaskDocument): void {
  const { queue } = task.execution;
  const found = typeof queue === 'string' ? call.server.queues.find(queue) : undefined;
  if (found !== undefined) removeEntry(call.server, found, task.id);
}
