import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import type { ModelDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { newId } from '../ids.js';
import { asObject, asText, type JsonObject } from '../json.js';
import { Params } from '../params.js';
import { search } from '../query/search.js';
import type { FieldTable } from '../request-fields.js';
import { modelOf, shownModel } from '../tasks/model-document.js';
import { writableTask, writeTask } from '../tasks/write-task.js';
import { modelFields } from './model-fields.js';

const EDITED: FieldTable = { model: 'text!', name: 'text', uri: 'text', tags: 'texts', system_tags: 'texts' };
/** Fields of a model that may change without the model counting as updated. */
const FREE_FIELDS = ['name', 'comment', 'tags', 'system_tags', 'project', 'uri'];

export const modelEndpoints: EndpointTable = {
  'models.create': { handler: create, fields: { name: 'text!', uri: 'text!' } },
  'models.edit': { handler: (call) => edit(call, modelFields(call)), fields: EDITED },
  'models.update': { handler: update, fields: EDITED },
  'models.get_by_id': { handler: getById, fields: { model: 'text!' } },
  'models.get_by_id_ex': { handler: (call) => find(call, true), fields: { id: 'texts!' } },
  'models.get_all': { handler: (call) => find(call, false) },
  'models.get_all_ex': { handler: (call) => find(call, true) },
  'models.get_frameworks': { handler: getFrameworks, fields: { projects: 'texts' } },
  'models.update_for_task': {
    handler: gone,
    since: [2, 13],
    earlier: { handler: updateForTask, fields: { task: 'text!', uri: 'text', override_model_id: 'text' } },
  },
  'models.get_by_task_id': { handler: gone },
};

function create(call: Call): JsonObject {
  return { id: newModel(call, modelFields(call)).id, created: true };
}

function newModel(call: Call, fields: JsonObject): ModelDocument {
  const now = isoDate(call.server.now());
  const model: ModelDocument = {
    labels: {},
    tags: [],
    system_tags: [],
    metadata: {},
    design: {},
    ready: true,
    name: '',
    uri: '',
    ...fields,
    id: newId(),
    user: call.identity.user,
    company: call.identity.company,
    created: now,
    last_update: now,
    last_change: now,
    last_changed_by: call.identity.user,
  };
  call.server.models.put(model);
  return model;
}

function edit(call: Call, fields: JsonObject): JsonObject {
  const model = modelOf(call.server, call.params.text('model'));
  const names = Object.keys(fields);
  if (names.length === 0) return { updated: 0, fields: {} };
  const now = isoDate(call.server.now());
  const counts = names.some((name) => !FREE_FIELDS.includes(name));
  const written = {
    ...fields,
    last_change: now,
    last_changed_by: call.identity.user,
    ...(counts ? { last_update: now, ui_cache: {} } : {}),
  };
  call.server.models.put({ ...model, ...written });
  return { updated: 1, fields: written };
}

/** Takes the free fields only, and the iteration of the task that made the model. */
function update(call: Call): JsonObject {
  const { server, params } = call;
  const given = Object.entries(modelFields(call)).filter(([name]) => FREE_FIELDS.includes(name));
  const answer = edit(call, Object.fromEntries(given));
  const task = server.tasks.find(params.optionalText('task') ?? '');
  const iteration = params.integer('iteration', 0);
  if (task !== undefined && iteration > task.last_iteration)
    server.tasks.put({ ...task, last_iteration: iteration });
  return answer;
}

function getById({ server, params }: Call): JsonObject {
  const { unique_metrics: _left, ...model } = shownModel(modelOf(server, params.text('model')));
  return { model };
}

function find({ server, params }: Call, joined: boolean): JsonObject {
  const { documents, scroll } = search(server, params, {
    joined,
    kind: 'models',
    scan: (narrowing) => server.models.scan(narrowing),
    find: (id) => server.models.find(id),
    shown: shownModel,
  });
  if (!joined || !params.flag('include_stats')) return { models: documents, ...scroll };
  const models = documents.map((model) => ({ ...model, stats: statsOf(server, asText(model.id) ?? '') }));
  return { models, ...scroll };
}

function statsOf(server: ServerContext, id: string): JsonObject {
  return { labels_count: Object.keys(asObject(server.models.find(id)?.labels)).length };
}

function getFrameworks({ server, params }: Call): JsonObject {
  const projects = params.texts('projects');
  const frameworks = new Set<string>();
  for (const { project, framework } of server.models.scan()) {
    if (typeof framework === 'string' && (projects.length === 0 || projects.includes(project ?? '')))
      frameworks.add(framework);
  }
  return { frameworks: [...frameworks].sort() };
}

/** Old clients name the output model of a task by its address or id. */
function updateForTask(call: Call): JsonObject {
  const { params } = call;
  const uri = params.optionalText('uri');
  const other = params.optionalText('override_model_id');
  if ((uri === undefined) === (other === undefined))
    throw new ApiError('missing_required_fields', { fields: ['uri', 'override_model_id'] }, 'exactly one');
  const task = writableTask(call);
  const { task: _task, ...fields } = modelFields({
    ...call,
    params: new Params({ name: task.name, ...params.fields }),
  });
  const made = other === undefined ? newModel(call, { ...fields, task: task.id, ready: false }) : undefined;
  const id = made?.id ?? modelOf(call.server, other ?? '').id;
  const entry = { name: 'Output Model', model: id, updated: isoDate(call.server.now()) };
  writeTask(call, task, { models: { ...task.models, output: [entry] } });
  return { id, created: true };
}

function gone(): never {
  throw new ApiError('moved_permanently');
}
