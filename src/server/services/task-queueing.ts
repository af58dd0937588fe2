import { ApiError } from '../api-error.js';
import type { QueueDocument } from '../context.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { flag, oneOf, required, text, withDefault } from '../schema.js';
import { changeStatus, requestedChange, STATUS_FIELDS, type StatusChange } from '../tasks/change-status.js';
import {
  appendEntry,
  createQueue,
  defaultQueue,
  queueNamed,
  queueOf,
  removeEntry,
  removeFromQueues,
} from '../tasks/queue-entries.js';
import { TASK_STATUSES } from '../tasks/status-machine.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';

export const ENQUEUEING = {
  ...STATUS_FIELDS,
  queue: text,
  queue_name: text,
  update_execution_queue: withDefault(flag, true),
  verify_watched_queue: flag,
} as const;

export const DEQUEUEING = {
  ...STATUS_FIELDS,
  new_status: oneOf(TASK_STATUSES),
  remove_from_all_queues: flag,
} as const;

const TASK = { task: required(text) } as const;

export const taskQueueingEndpoints: EndpointTable = {
  'tasks.enqueue': endpoint({ ...TASK, ...ENQUEUEING }, (call) => enqueueTask(call, call.body.task)),
  'tasks.dequeue': endpoint({ ...TASK, ...DEQUEUEING }, (call) => dequeueTask(call, call.body.task)),
};

export function enqueueTask(call: CallWith<typeof ENQUEUEING>, id: string): JsonObject {
  const { server, body } = call;
  const task = taskOf(server, id);
  const { update_execution_queue: updateQueue, verify_watched_queue: watched = false } = body;
  if (!updateQueue) assertMayKeepQueue(task, watched);
  const queue = chosenQueue(call);
  const change = requestedChange(call, {
    to: 'queued',
    // Moving between queues keeps what the task was before the first one.
    fields: {
      enqueue_status: task.status === 'queued' ? (task.enqueue_status ?? 'created') : task.status,
    },
    silent: updateQueue ? { execution: { ...task.execution, queue: queue.id } } : {},
  });
  const written = changeStatus(server, task, change);
  appendEntry(server, queue, task.id);
  removeFromQueues(server, task.id, queue.id);
  return {
    queued: 1,
    updated: written.updated,
    fields: { ...written.fields, ...(updateQueue ? { 'execution.queue': queue.id } : {}) },
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
function chosenQueue(call: CallWith<typeof ENQUEUEING>): QueueDocument {
  const { server, body } = call;
  const { queue: id, queue_name: name } = body;
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

export function dequeueTask(call: CallWith<typeof DEQUEUEING>, id: string): JsonObject {
  const { server, body } = call;
  const { new_status: wanted } = body;
  const task = server.tasks.find(id);
  if (task === undefined) {
    removeFromQueues(server, id);
    return { dequeued: 1, updated: 0 };
  }
  if (task.status !== 'queued' && task.status !== 'in_progress')
    return { dequeued: 1, updated: 0, fields: {} };
  if (body.remove_from_all_queues) removeFromQueues(server, id);
  else if (task.status === 'queued') leaveQueue(call, task);
  return { dequeued: 1, ...backFromQueue(call, task, wanted === undefined ? {} : { to: wanted }) };
}

/**
 * Puts a task back to a status after its queue entry went: the one asked for, or the one before it was
 * enqueued. `change` goes before what the request says.
 */
export function backFromQueue(
  call: CallWith<typeof STATUS_FIELDS>,
  task: TaskDocument,
  change: Partial<StatusChange> = {},
): JsonObject {
  const to = task.enqueue_status ?? 'created';
  const request = requestedChange(call, {
    to,
    silent: { enqueue_status: undefined },
    force: true,
    ...change,
  });
  const { updated, fields } = changeStatus(call.server, task, request);
  return { updated, fields: { ...fields, enqueue_status: null } };
}

function leaveQueue(call: Call, task: TaskDocument): void {
  const { queue } = task.execution;
  const found = typeof queue === 'string' ? call.server.queues.find(queue) : undefined;
  if (found !== undefined) removeEntry(call.server, found, task.id);
}
