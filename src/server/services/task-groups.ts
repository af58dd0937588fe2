import { ApiError } from '../api-error.js';
import type { Call, EndpointTable, Handler } from '../call.js';
import { isoDate } from '../dates.js';
import type { JsonObject } from '../json.js';
import { taskOf } from '../tasks/task-document.js';
import { dequeueTask, enqueueTask } from './task-queueing.js';
import { deleteTask, resetTask } from './task-removal.js';
import { publishTask, stopTask } from './task-status.js';

const required = ['ids'] as const;

/** Calls for many tasks at once: each task succeeds or fails on its own. */
export const taskGroupEndpoints: EndpointTable = {
  'tasks.enqueue_many': { handler: each(enqueueTask), required },
  'tasks.dequeue_many': { handler: each(dequeueTask), required },
  'tasks.stop_many': { handler: each(stopTask), required },
  'tasks.publish_many': { handler: each(publishTask), required },
  'tasks.reset_many': { handler: each(resetTask), required },
  'tasks.delete_many': { handler: each(deleteTask), required },
  'tasks.archive_many': { handler: each(archive), required },
  'tasks.unarchive_many': { handler: each(unarchive), required },
  'tasks.archive': { handler: archiveAll, required: ['tasks'] },
};

type One = (call: Call, id: string) => JsonObject;

function each(action: One): Handler {
  return (call) => {
    const succeeded: JsonObject[] = [];
    const failed: JsonObject[] = [];
    for (const id of call.params.texts('ids')) {
      try {
        succeeded.push({ id, ...call.server.database.transaction(() => action(call, id)) });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { status, subcode, message, data } = error;
        failed.push({ id, error: { codes: [status, subcode], msg: message, data } });
      }
    }
    return { succeeded, failed };
  };
}

function archiveAll(call: Call): JsonObject {
  const ids = call.params.texts('tasks');
  for (const id of ids) archive(call, id);
  return { archived: ids.length };
}

function archive(call: Call, id: string): JsonObject {
  const task = taskOf(call.server, id);
  if (task.status === 'queued') dequeueTask(call, id);
  return tag(call, id, (tags) => [...new Set([...tags, 'archived'])].sort(), { archived: true });
}

function unarchive(call: Call, id: string): JsonObject {
  return tag(call, id, (tags) => tags.filter((each) => each !== 'archived'), { unarchived: true });
}

function tag(call: Call, id: string, change: (tags: string[]) => string[], answer: JsonObject): JsonObject {
  const task = taskOf(call.server, id);
  const system_tags = change(task.system_tags);
  call.server.tasks.put({ ...task, system_tags, last_change: isoDate(call.server.now()) });
  return answer;
}
