import { ApiError } from '../api-error.js';
import type { QueueDocument } from '../context.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { flag, integer, required, text, withDefault } from '../schema.js';
import { STATUS_FIELDS } from '../tasks/change-status.js';
import { appendEntry, entriesOf, moveEntry, popEntry, queueOf, removeEntry } from '../tasks/queue-entries.js';
import { taskOf } from '../tasks/task-document.js';
import { backFromQueue } from './task-queueing.js';

const QUEUE = { queue: required(text) } as const;
const ENTRY = { ...QUEUE, task: required(text) } as const;
const STEP = { ...ENTRY, count: withDefault(integer, 1) } as const;
const NEXT = { ...QUEUE, task: text, get_task_info: flag } as const;
const ADDED = { ...ENTRY, update_execution_queue: withDefault(flag, true) } as const;
const REMOVED = { ...ENTRY, ...STATUS_FIELDS, update_task_status: flag } as const;
const CLEARED = { ...QUEUE, ...STATUS_FIELDS } as const;

/** Calls that move tasks in and out of queues. */
export const queueTaskEndpoints: EndpointTable = {
  'queues.get_next_task': endpoint(NEXT, getNextTask),
  'queues.peek_task': endpoint(QUEUE, peekTask),
  'queues.add_task': endpoint(ADDED, addTask),
  'queues.remove_task': endpoint(REMOVED, removeTask),
  'queues.clear_queue': endpoint(CLEARED, clear),
  'queues.move_task_forward': endpoint(STEP, (call) => move(call, (at) => at - call.body.count)),
  'queues.move_task_backward': endpoint(STEP, (call) => move(call, (at) => at + call.body.count)),
  'queues.move_task_to_front': endpoint(ENTRY, (call) => move(call, () => 0)),
  'queues.move_task_to_back': endpoint(ENTRY, (call) => move(call, (_at, last) => last)),
};

/**
 * Takes the first task of a queue. The status stays `queued`: the agent says when it runs. Only a task
 * that was stopped meanwhile becomes queued again.
 */
function getNextTask(call: CallWith<typeof NEXT>): JsonObject {
  const { server, body } = call;
  const queue = queueOf(server, body.queue);
  const entry = popEntry(server, queue, body.task);
  if (entry === undefined) return {};
  const task = server.tasks.find(entry.task);
  // The status alone, as the original server does: reason, message and times still describe the stop.
  if (task?.status === 'stopped') server.tasks.put({ ...task, status: 'queued' });
  const info = task !== undefined && body.get_task_info;
  return {
    entry: { ...entry },
    ...(info ? { task_info: { company: task.company, user: task.user } } : {}),
  };
}

function peekTask({ server, body }: CallWith<typeof QUEUE>): JsonObject {
  const [first] = entriesOf(server, queueOf(server, body.queue).id, 1);
  return { task: first?.task ?? null };
}

/** Only the entry is made: unlike `tasks.enqueue`, the task's status stays. */
function addTask({ server, body }: CallWith<typeof ADDED>): JsonObject {
  const queue = queueOf(server, body.queue);
  const task = taskOf(server, body.task);
  appendEntry(server, queue, task.id);
  if (body.update_execution_queue) {
    server.tasks.put({ ...task, execution: { ...task.execution, queue: queue.id } });
  }
  return { added: 1 };
}

function removeTask(call: CallWith<typeof REMOVED>): JsonObject {
  const { server, body } = call;
  const queue = queueOf(server, body.queue);
  const id = body.task;
  const removed = removeEntry(server, queue, id);
  if (removed === 0) throw new ApiError('invalid_queue_or_task_not_queued', { task: id, queue: queue.id });
  if (body.update_task_status) returnTask(call, id);
  return { removed };
}

function clear(call: CallWith<typeof CLEARED>): JsonObject {
  const queue = queueOf(call.server, call.body.queue);
  return { removed_tasks: emptyQueue(call, queue, `Queue ${queue.id} was cleared`) };
}

/** Takes all tasks out of a queue and gives each the status it had before, with the reason; answers their ids. */
export function emptyQueue(
  call: CallWith<typeof STATUS_FIELDS>,
  queue: QueueDocument,
  reason: string,
): string[] {
  const tasks = entriesOf(call.server, queue.id).map((entry) => entry.task);
  for (const id of tasks) {
    removeEntry(call.server, queue, id);
    returnTask(call, id, reason);
  }
  return tasks;
}

function returnTask(call: CallWith<typeof STATUS_FIELDS>, id: string, reason = ''): void {
  const task = call.server.tasks.find(id);
  if (task === undefined) return;
  const { queue: _left, ...execution } = task.execution;
  backFromQueue(call, { ...task, execution }, { reason });
}

function move(call: CallWith<typeof ENTRY>, place: (index: number, last: number) => number): JsonObject {
  const { server, body } = call;
  const queue = server.queues.find(body.queue);
  const task = body.task;
  if (queue === undefined) throw new ApiError('invalid_queue_or_task_not_queued', { task });
  return { position: moveEntry(server, queue, task, place) };
}
