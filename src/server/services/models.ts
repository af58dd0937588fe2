import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import type { ModelDocument } from '../context.js';
import { isoDate } from '../dates.js';
import { newId } from '../ids.js';
import { asObject, asObjects, type JsonObject } from '../json.js';
import { join } from '../query/join.js';
import { search } from '../query/search.js';
import { MODEL_FIELDS } from '../query/searchable.js';

export const modelEndpoints: EndpointTable = {
  'models.create': { handler: create, required: ['name', 'uri'] },
  'models.edit': { handler: edit, required: ['model'] },
  'models.update': { handler: edit, required: ['model'] },
  'models.set_ready': { handler: setReady, required: ['model'] },
  'models.get_by_id': { handler: getById, required: ['model'] },
  'models.get_all': { handler: (call) => find(call, false) },
  'models.get_all_ex': { handler: (call) => find(call, true) },
  'models.delete': { handler: remove, required: ['model'] },
  'models.update_for_task': { handler: gone },
  'models.get_by_task_id': { handler: gone },
};

const TEXTS = ['name', 'uri', 'comment', 'framework', 'project', 'task', 'parent'] as const;

function create(call: Call): JsonObject {
  const { server, identity, params } = call;
  const now = isoDate(server.now());
  const model: ModelDocument = {
    labels: {},
    tags: [],
    system_tags: [],
    metadata: {},
    design: {},
    ...fieldsOf(call),
    id: newId(),
    name: params.text('name'),
    uri: params.text('uri'),
    ready: params.flag('ready', true),
    user: identity.user,
    company: identity.company,
    created: now,
    last_update: now,
    last_change: now,
  };
  server.models.put(model);
  return { id: model.id, created: true };
}

function edit(call: Call): JsonObject {
  const model = modelOf(call);
  const ready = call.params.has('ready') ? { ready: call.params.flag('ready') } : {};
  const now = isoDate(call.server.now());
  const fields: JsonObject = { ...fieldsOf(call), ...ready, last_update: now, last_change: now };
  call.server.models.put({ ...model, ...fields });
  return { updated: 1, fields };
}

function fieldsOf({ server, params }: Call): JsonObject {
  const fields: JsonObject = {};
  for (const name of TEXTS) if (params.has(name)) fields[name] = params.text(name);
  for (const name of ['tags', 'system_tags']) if (params.has(name)) fields[name] = params.texts(name).sort();
  if (params.has('design')) fields.design = params.value('design');
  if (params.has('labels')) fields.labels = checkedLabels(params.object('labels'));
  if (params.has('metadata')) fields.metadata = metadata(params.value('metadata'));
  const { task, project } = fields;
  if (typeof task === 'string' && !server.tasks.has(task))
    throw new ApiError('invalid_task_id', { id: task });
  if (typeof project === 'string' && project !== '' && !server.projects.has(project)) {
    throw new ApiError('invalid_project_id', { id: project });
  }
  return fields;
}

function checkedLabels(labels: JsonObject): JsonObject {
  const wrong = Object.entries(labels).find(([, value]) => !Number.isInteger(value));
  if (wrong !== undefined)
    throw new ApiError('validation_error', { label: wrong[0] }, 'labels must be integers');
  return labels;
}

/** Metadata comes as a list of items or as a map, and is kept as a map by key. */
function metadata(value: unknown): JsonObject {
  if (!Array.isArray(value)) return asObject(value as JsonObject);
  return Object.fromEntries(asObjects(value).map((item) => [String(item.key), item]));
}

function setReady(call: Call): JsonObject {
  const model = modelOf(call);
  if (model.ready) throw new ApiError('model_is_ready', { id: model.id });
  call.server.models.put({ ...model, ready: true });
  return { updated: 1 };
}

function getById(call: Call): JsonObject {
  return { model: modelOf(call) };
}

function find({ server, params }: Call, joined: boolean): JsonObject {
  const { documents, scroll } = search(server, params, {
    withId: joined,
    fields: MODEL_FIELDS,
    scan: (narrowing) => server.models.scan(narrowing),
    find: (id) => server.models.find(id),
    shown: (model, paths) => (joined ? join(server, model, paths, { parent: 'models' }) : model),
  });
  return { models: documents, ...scroll };
}

function remove(call: Call): JsonObject {
  const model = modelOf(call);
  if (model.ready && !call.params.flag('force')) throw new ApiError('model_is_ready', { id: model.id });
  call.server.models.delete(model.id);
  return { deleted: true, url: model.uri };
}

function modelOf({ server, params }: Call): ModelDocument {
  const id = params.text('model');
  const model = server.models.find(id);
  if (model === undefined) throw new ApiError('invalid_model_id', { id });
  return model;
}

function gone(): never {
  throw new ApiError('moved_permanently');
}
