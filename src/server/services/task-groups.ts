import type { ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { required, texts } from '../schema.js';
import { STATUS_FIELDS } from '../tasks/change-status.js';
import { taskOf } from '../tasks/task-document.js';
import { each } from './batch.js';
import { moveToProject, setPublic, updateTags } from './shared-edits.js';
import { DEQUEUEING, dequeueTask, ENQUEUEING, enqueueTask } from './task-queueing.js';
import { DELETING, deleteTask, RESETTING, resetTask } from './task-removal.js';
import { PUBLISHING, publishTask, stopTask } from './task-status.js';

const MANY = { ...STATUS_FIELDS, ids: required(texts) } as const;

const tasks = { documents: (server: ServerContext) => server.tasks, missing: 'invalid_task_id' } as const;

/** Calls for many tasks at once: each task succeeds or fails on its own. */
type Archiving = CallWith<typeof DEQUEUEING>;

export const taskGroupEndpoints: EndpointTable = {
  'tasks.enqueue_many': endpoint({ ...MANY, ...ENQUEUEING }, each(enqueueTask, ['queued'])),
  'tasks.dequeue_many': endpoint({ ...MANY, ...DEQUEUEING }, each(dequeueTask, ['dequeued'])),
  'tasks.stop_many': endpoint(MANY, each(stopTask)),
  'tasks.publish_many': endpoint({ ...MANY, ...PUBLISHING }, each(publishTask)),
  'tasks.reset_many': endpoint({ ...MANY, ...RESETTING }, each(resetTask, ['dequeued'], ['events'])),
  'tasks.delete_many': endpoint({ ...MANY, ...DELETING }, each(deleteTask)),
  'tasks.archive_many': endpoint({ ...MANY, ...DEQUEUEING }, each(archive)),
  'tasks.unarchive_many': endpoint(MANY, each(unarchive)),
  'tasks.update_tags': updateTags(tasks),
  'tasks.move': moveToProject(tasks),
  'tasks.make_public': setPublic(tasks, true),
  'tasks.make_private': setPublic(tasks, false),
  'tasks.archive': endpoint({ ...DEQUEUEING, tasks: required(texts) }, archiveAll),
};

function archiveAll(call: Archiving & Call<{ readonly tasks: string[] }>): JsonObject {
  const ids = call.body.tasks;
  for (const id of ids) archive(call, id);
  return { archived: ids.length };
}

function archive(call: Archiving, id: string): JsonObject {
  const task = taskOf(call.server, id);
  if (task.status === 'queued') dequeueTask(call, id);
  return tag(call, id, (tags) => [...new Set([...tags, 'archived'])].sort(), { archived: true });
}

function unarchive(call: Archiving, id: string): JsonObject {
  return tag(call, id, (tags) => tags.filter((each) => each !== 'archived'), { unarchived: true });
}

function tag(call: Call, id: string, change: (tags: string[]) => string[], answer: JsonObject): JsonObject {
  const task = taskOf(call.server, id);
  const system_tags = change(task.system_tags);
  call.server.tasks.put({ ...task, system_tags, last_change: isoDate(call.server.now()) });
  return answer;
}
