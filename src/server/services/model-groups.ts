import { ApiError } from '../api-error.js';
import type { ModelDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { deleteEvents } from '../events/event-store.js';
import { asObjects, asTexts, type JsonObject } from '../json.js';
import { flag, required, text, texts, withDefault } from '../schema.js';
import { modelOf } from '../tasks/model-document.js';
import { DELETED_MARK, type TaskDocument } from '../tasks/task-document.js';
import { each } from './batch.js';
import { addMetadata, deleteMetadata, moveToProject, setPublic, updateTags } from './shared-edits.js';
import { publishTask } from './task-status.js';

const models = {
  documents: (server: ServerContext) => server.models,
  missing: 'invalid_model_id',
} as const;

const PUBLISHING = { publish_task: withDefault(flag, true), force_publish_task: flag } as const;
const DELETING = { force: flag, delete_external_artifacts: flag } as const;
const MANY = { ids: required(texts) } as const;

/** What is done to models as a whole, one or many. */
export const modelGroupEndpoints: EndpointTable = {
  'models.set_ready': endpoint({ model: required(text), ...PUBLISHING }, (call) => ({
    ...publish(call, call.body.model),
    fields: {},
  })),
  'models.publish_many': endpoint({ ...MANY, ...PUBLISHING }, each(publish, ['updated'])),
  'models.delete': endpoint({ ...DELETING, model: required(text) }, (call) => remove(call, call.body.model)),
  'models.delete_many': endpoint({ ...MANY, ...DELETING }, each(remove)),
  'models.archive_many': endpoint(MANY, each(archive)),
  'models.unarchive_many': endpoint(MANY, each(unarchive)),
  'models.update_tags': updateTags(models),
  'models.move': moveToProject(models),
  'models.make_public': setPublic(models, true),
  'models.make_private': setPublic(models, false),
  'models.add_or_update_metadata': addMetadata(models, 'model'),
  'models.delete_metadata': deleteMetadata(models, 'model'),
};

/** Makes a model ready, and publishes the task that made it unless told not to. */
function publish(call: CallWith<typeof PUBLISHING>, id: string): JsonObject {
  const { server, body } = call;
  const model = modelOf(server, id);
  if (model.ready) throw new ApiError('model_is_ready', { company: call.identity.company, model: id });
  const now = isoDate(server.now());
  const task = model.task === undefined ? undefined : server.tasks.find(model.task);
  const force = body.force_publish_task ?? false;
  const publishes = body.publish_task && task !== undefined && task.status !== 'published';
  const published = publishes
    ? publishTask({ ...call, body: { force, publish_model: false } }, task.id)
    : undefined;
  put(call, model, { ready: true, last_update: now });
  return {
    updated: 1,
    ...(published === undefined ? {} : { published_task: { id: task?.id, data: published } }),
  };
}

/** A model that tasks start from, or that a published task made, goes only by force. */
function remove(call: CallWith<typeof DELETING>, id: string): JsonObject {
  const { server, body } = call;
  const model = modelOf(server, id);
  const users = [...server.tasks.scan()].filter((task) => names(task, 'input', id));
  if (users.length > 0 && !body.force) throw new ApiError('model_in_use', { id, num_tasks: users.length });
  for (const task of users) server.tasks.put({ ...task, models: marked(task, 'input', id) });
  forgetByMaker(call, model);
  deleteEvents(server.database, id);
  server.models.delete(id);
  return { deleted: true, url: model.uri };
}

/** The task that made a model loses it; a published one keeps the mark of a deleted model. */
function forgetByMaker(call: CallWith<typeof DELETING>, { id, task: maker }: ModelDocument): void {
  const { server, body } = call;
  const task = server.tasks.find(maker ?? '');
  if (task === undefined) return;
  const isPublished = task.status === 'published';
  if (isPublished && !body.force) throw new ApiError('model_creating_task_exists', { id, task: task.id });
  const now = isoDate(server.now());
  const kept = asObjects(task.models.output).filter((entry) => entry.model !== id);
  server.tasks.put({
    ...task,
    ...(isPublished ? { output: { ...task.output, error: `model deleted on ${now}` } } : {}),
    models: isPublished ? marked(task, 'output', id) : { ...task.models, output: kept },
    last_change: now,
    last_changed_by: call.identity.user,
  });
}

function names(task: TaskDocument, side: 'input' | 'output', id: string): boolean {
  return asObjects(task.models[side]).some((entry) => entry.model === id);
}

/** The models of a task, with the mark of a deleted one before an id. */
function marked(task: TaskDocument, side: 'input' | 'output', id: string): JsonObject {
  const entries = asObjects(task.models[side]).map((entry) =>
    entry.model === id ? { ...entry, model: `${DELETED_MARK}${id}` } : entry,
  );
  return { ...task.models, [side]: entries };
}

function archive(call: Call, id: string): JsonObject {
  tag(call, id, (tags) => [...new Set([...tags, 'archived'])].sort());
  return { archived: true };
}

function unarchive(call: Call, id: string): JsonObject {
  tag(call, id, (tags) => tags.filter((each) => each !== 'archived'));
  return { unarchived: true };
}

function tag(call: Call, id: string, change: (tags: string[]) => string[]): void {
  const model = modelOf(call.server, id);
  put(call, model, { system_tags: change(asTexts(model.system_tags)) });
}

function put({ server, identity }: Call, model: ModelDocument, fields: JsonObject): void {
  const last_change = isoDate(server.now());
  server.models.put({ ...model, ...fields, last_change, last_changed_by: identity.user });
}
