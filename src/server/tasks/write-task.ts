import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import type { Call } from '../endpoint.js';
import { EDITABLE } from './status-machine.js';
import { type TaskDocument, taskOf } from './task-document.js';

/**
 * The task that a call names, which has not ended.
 *
 * @throws ApiError when it has
 */
export function writableTask({ server, body }: Call<{ readonly task: string }>): TaskDocument {
  const task = taskOf(server, body.task);
  if (EDITABLE.includes(task.status)) return task;
  throw new ApiError('invalid_task_status', { expected: [...EDITABLE], status: task.status });
}

/** Replaces fields of a task, in the name of the caller. @param updates whether the task is updated, not only changed */
export function writeTask(
  call: Call,
  task: TaskDocument,
  fields: Partial<TaskDocument>,
  updates = true,
): void {
  const now = isoDate(call.server.now());
  call.server.tasks.put({
    ...task,
    ...fields,
    ...(updates ? { last_update: now } : {}),
    last_change: now,
    last_changed_by: call.identity.user,
  });
}
