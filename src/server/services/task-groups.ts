import type { Call, EndpointTable } from '../call.js';
import type { ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import type { JsonObject } from '../json.js';
import type { FieldTable } from '../request-fields.js';
import { taskOf } from '../tasks/task-document.js';
import { each } from './batch.js';
import { moveToProject, setPublic, updateTags } from './shared-edits.js';
import { dequeueTask, enqueueTask } from './task-queueing.js';
import { deleteTask, resetTask } from './task-removal.js';
import { publishTask, stopTask } from './task-status.js';

const fields: FieldTable = {
  ids: 'texts!',
  force: 'flag',
  status_reason: 'text',
  status_message: 'text',
};

const tasks = { documents: (server: ServerContext) => server.tasks, missing: 'invalid_task_id' } as const;

/** Calls for many tasks at once: each task succeeds or fails on its own. */
export const taskGroupEndpoints: EndpointTable = {
  'tasks.enqueue_many': { handler: each(enqueueTask, ['queued']), fields },
  'tasks.dequeue_many': { handler: each(dequeueTask, ['dequeued']), fields },
  'tasks.stop_many': { handler: each(stopTask), fields },
  'tasks.publish_many': { handler: each(publishTask), fields },
  'tasks.reset_many': { handler: each(resetTask, ['dequeued'], ['events']), fields },
  'tasks.delete_many': { handler: each(deleteTask), fields },
  'tasks.archive_many': { handler: each(archive), fields },
  'tasks.unarchive_many': { handler: each(unarchive), fields },
  'tasks.update_tags': updateTags(tasks),
  'tasks.move': moveToProject(tasks),
  'tasks.make_public': setPublic(tasks, true),
  'tasks.make_private': setPublic(tasks, false),
  'tasks.archive': { handler: archiveAll, fields: { tasks: 'texts!' } },
};

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
