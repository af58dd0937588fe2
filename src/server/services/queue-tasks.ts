import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import type { QueueDocument } from '../context.js';
import type { JsonObject } from '../json.js';
import type { FieldTable } from '../request-fields.js';
import { appendEntry, entriesOf, moveEntry, popEntry, queueOf, removeEntry } from '../tasks/queue-entries.js';
import { taskOf } from '../tasks/task-document.js';
import { backFromQueue } from './task-queueing.js';

const queueAndTask: FieldTable = { queue: 'text!', task: 'text!', count: 'integer' };

/** Calls that move tasks in and out of queues. */
export const queueTaskEndpoints: EndpointTable = {
  'queues.get_next_task': { handler: getNextTask, fields: { queue: 'text!' } },
  'queues.peek_task': { handler: peekTask, fields: { queue: 'text!' } },
  'queues.add_task': { handler: addTask, fields: queueAndTask },
  'queues.remove_task': { handler: removeTask, fields: queueAndTask },
  'queues.clear_queue': { handler: clear, fields: { queue: 'text!' } },
  'queues.move_task_forward': {
    handler: (call) => move(call, (at) => at - step(call)),
    fields: queueAndTask,
  },
  'queues.move_task_backward': {
    handler: (call) => move(call, (at) => at + step(call)),
    fields: queueAndTask,
  },
  'queues.move_task_to_front': { handler: (call) => move(call, () => 0), fields: queueAndTask },
  'queues.move_task_to_back': { handler: (call) => move(call, (_at, last) => last), fields: queueAndTask },
};

/**
 * Takes the first task of a queue. The status stays `queued`: the agent says when it runs. Only a task
 * that was stopped meanwhile becomes queued again.
 */
function getNextTask(call: Call): JsonObject {
  const { server, params } = call;
  const queue = queueOf(server, params.text('queue'));
  const entry = popEntry(server, queue, params.optionalText('task'));
  if (entry === undefined) return {};
  const task = server.tasks.find(entry.task);
  // The status alone, as the original server does: reason, message and times still tell of the stop.
  if (task?.status === 'stopped') server.tasks.put({ ...task, status: 'queued' });
  const info = task !== undefined && params.flag('get_task_info');
  return {
    entry: { ...entry },
    ...(info ? { task_info: { company: task.company, user: task.user } } : {}),
  };
}

function peekTask({ server, params }: Call): JsonObject {
  const [first] = entriesOf(server, queueOf(server, params.text('queue')).id, 1);
  return { task: first?.task ?? null };
}

/** Only the entry is made: unlike `tasks.enqueue`, the task's status stays. */
function addTask({ server, params }: Call): JsonObject {
  const queue = queueOf(server, params.text('queue'));
  const task = taskOf(server, params.text('task'));
  appendEntry(server, queue, task.id);
  if (params.flag('update_execution_queue', true)) {
    server.tasks.put({ ...task, execution: { ...task.execution, queue: queue.id } });
  }
  return { added: 1 };
}

function removeTask(call: Call): JsonObject {
  const { server, params } = call;
  const queue = queueOf(server, params.text('queue'));
  const id = params.text('task');
  const removed = removeEntry(server, queue, id);
  if (removed === 0) throw new ApiError('invalid_queue_or_task_not_queued', { task: id, queue: queue.id });
  if (params.flag('update_task_status')) returnTask(call, id);
  return { removed };
}

function clear(call: Call): JsonObject {
  const queue = queueOf(call.server, call.params.text('queue'));
  return { removed_tasks: emptyQueue(call, queue, `Queue ${queue.id} was cleared`) };
}

/** Takes all tasks out of a queue and gives each the status it had before, with the reason; answers their ids. */
export function emptyQueue(call: Call, queue: QueueDocument, reason: string): string[] {
  const tasks = entriesOf(call.server, queue.id).map((entry) => entry.task);
  for (const id of tasks) {
    removeEntry(call.server, queue, id);
    returnTask(call, id, reason);
  }
  return tasks;
}

function returnTask(call: Call, id: string, reason = ''): void {
  const task = call.server.tasks.find(id);
  if (task === undefined) return;
  const { queue: _left, ...execution } = task.execution;
  backFromQueue(call, { ...task, execution }, { reason });
}

function move(call: Call, place: (index: number, last: number) => number): JsonObject {
  const { server, params } = call;
  const queue = server.queues.find(params.text('queue'));
  const task = params.text('task');
  if (queue === undefined) throw new ApiError('invalid_queue_or_task_not_queued', { task });
  return { position: moveEntry(server, queue, task, place) };
}

function step(call: Call): number {
  return call.params.integer('count', 1);
}
