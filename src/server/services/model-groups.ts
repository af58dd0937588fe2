import { ApiError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObjects, type JsonObject } from '../json.js';
import { flag, required, text, texts } from '../schema.js';
import { modelOf } from '../tasks/model-document.js';
import { isLocked } from '../tasks/task-document.js';
import { each } from './batch.js';
import { addMetadata, deleteMetadata, moveToProject, setPublic, updateTags } from './shared-edits.js';
import { publishTask } from './task-status.js';

const models = {
  documents: (server: ServerContext) => server.models,
  missing: 'invalid_model_id',
} as const;

const PUBLISHING = { publish_task: flag, force_publish_task: flag } as const;
const MANY = { ids: required(texts), force: flag } as const;

/** What is done to models as a whole, one or many. */
export const modelGroupEndpoints: EndpointTable = {
  'models.set_ready': endpoint({ model: required(text), ...PUBLISHING }, (call) => ({
    ...publish(call, call.body.model),
    fields: {},
  })),
  'models.publish_many': endpoint({ ...MANY, ...PUBLISHING }, each(publish, ['updated'])),
  'models.delete': endpoint({ model: required(text), force: flag }, (call) => remove(call, call.body.model)),
  'models.delete_many': endpoint(MANY, each(remove)),
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
  server.models.put({ ...model, ready: true, last_change: isoDate(server.now()) });
  const task = model.task === undefined ? undefined : server.tasks.find(model.task);
  if (!body.publish_task !== false || task === undefined || isLocked(task)) return { updated: 1 };
  const force = body.force_publish_task ?? false;
  const request = { ...call, body: { force, publish_model: false } };
  return { updated: 1, published_task: { id: task.id, data: publishTask(request, task.id) } };
}

/** A model that tasks start from goes only by force. */
function remove(call: Call<{ readonly force?: boolean }>, id: string): JsonObject {
  const { server, body } = call;
  const model = modelOf(server, id);
  if (!body.force) {
    for (const task of server.tasks.scan()) {
      if (asObjects(task.models.input).some((input) => input.model === id))
        throw new ApiError('model_in_use', { id, task: task.id });
    }
  }
  server.models.delete(id);
  return { deleted: true, url: model.uri };
}

function archive(call: Call, id: string): JsonObject {
  tag(call, id, (tags) => [...new Set([...tags, 'archived'])].sort());
  return { archived: true };
}

function unarchive(call: Call, id: string): JsonObject {
  tag(call, id, (tags) => tags.filter((each) => each !== 'archived'));
  return { unarchived: true };
}

function tag({ server }: Call, id: string, change: (tags: string[]) => string[]): void {
  const model = modelOf(server, id);
  const system_tags = change(Array.isArray(model.system_tags) ? model.system_tags.map(String) : []);
  server.models.put({ ...model, system_tags, last_change: isoDate(server.now()) });
}
