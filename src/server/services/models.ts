import { ApiError } from '../api-error.js';
import type { ModelDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { newId } from '../ids.js';
import { asObject, asText, type JsonObject } from '../json.js';
import { withSubprojects } from '../projects/project-tree.js';
import { SEARCH, type SearchQuery } from '../query/search.js';
import { type Body, flag, integer, json, required, requiredAs, text, texts, withDefault } from '../schema.js';
import { modelOf, searchModels, shownModel } from '../tasks/model-document.js';
import { writableTask, writeTask } from '../tasks/write-task.js';
import { MODEL_FIELDS, modelFields } from './model-fields.js';

const EDITED = { ...MODEL_FIELDS, model: required(text) } as const;
const CREATED = { ...MODEL_FIELDS, name: required(text), uri: required(text) } as const;
const UPDATED = { ...EDITED, iteration: withDefault(integer, 0) } as const;
const QUERY = { ...SEARCH, include_stats: flag, include_subprojects: flag } as const;
const UPDATED_FOR_TASK = { ...MODEL_FIELDS, task: required(text), override_model_id: text } as const;
/** A change of these updates the model, too; that of another one only changes it. */
const CONTENT_FIELDS = ['uri', 'framework', 'design', 'labels', 'ready', 'metadata', 'system_tags', 'tags'];
/** What `models.update` takes; it ignores other fields. */
const FREE_FIELDS = ['name', 'project', 'comment', 'tags', 'system_tags', 'uri', 'metadata'];

export const modelEndpoints: EndpointTable = {
  'models.create': endpoint(CREATED, create),
  'models.edit': endpoint(EDITED, (call) => edit(call, modelFields(call))),
  'models.update': endpoint(UPDATED, update),
  'models.get_by_id': endpoint({ model: required(text) }, getById),
  'models.get_by_id_ex': endpoint({ ...QUERY, id: requiredAs('missing_required_fields', json) }, (call) =>
    find(call, true),
  ),
  'models.get_all': endpoint(QUERY, (call) => find(call, false)),
  'models.get_all_ex': endpoint(QUERY, (call) => find(call, true)),
  'models.get_frameworks': endpoint({ projects: texts }, getFrameworks),
  'models.update_for_task': endpoint({}, gone, {
    since: [2, 13],
    earlier: endpoint(UPDATED_FOR_TASK, updateForTask),
  }),
  'models.get_by_task_id': endpoint({}, gone),
};

function create(call: CallWith<typeof CREATED>): JsonObject {
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

function edit(call: Call<{ readonly model: string }>, fields: JsonObject): JsonObject {
  const model = modelOf(call.server, call.body.model);
  const names = Object.keys(fields);
  if (names.length === 0) return { updated: 0, fields: {} };
  const now = isoDate(call.server.now());
  const counts = names.some((name) => CONTENT_FIELDS.includes(name));
  const written = {
    ...fields,
    last_change: now,
    last_changed_by: call.identity.user,
    ...(counts ? { last_update: now } : {}),
    ...('uri' in fields ? { ui_cache: {} } : {}),
  };
  call.server.models.put({ ...model, ...written });
  return { updated: 1, fields: written };
}

/** Takes the free fields only, and the iteration of the task that made the model. */
function update(call: CallWith<typeof UPDATED>): JsonObject {
  const { server, body } = call;
  const given = Object.entries(modelFields(call)).filter(([name]) => FREE_FIELDS.includes(name));
  const answer = edit(call, Object.fromEntries(given));
  const task = server.tasks.find(body.task ?? '');
  const iteration = body.iteration;
  if (task !== undefined && iteration > task.last_iteration)
    server.tasks.put({ ...task, last_iteration: iteration });
  return answer;
}

function getById({ server, body }: Call<{ readonly model: string }>): JsonObject {
  const { unique_metrics: _left, ...model } = shownModel(modelOf(server, body.model));
  return { model };
}

function find({ server, body }: Call<SearchQuery & Body<typeof QUERY>>, joined: boolean): JsonObject {
  const { documents, scroll } = searchModels(server, withSubprojects(server, body), joined);
  if (!joined || !body.include_stats) return { models: documents, ...scroll };
  const models = documents.map((model) => ({ ...model, stats: statsOf(server, asText(model.id) ?? '') }));
  return { models, ...scroll };
}

function statsOf(server: ServerContext, id: string): JsonObject {
  return { labels_count: Object.keys(asObject(server.models.find(id)?.labels)).length };
}

function getFrameworks({ server, body }: Call<{ readonly projects?: string[] }>): JsonObject {
  const { projects = [] } = body;
  const frameworks = new Set<string>();
  for (const { project, framework } of server.models.scan()) {
    if (typeof framework === 'string' && (projects.length === 0 || projects.includes(project ?? '')))
      frameworks.add(framework);
  }
  return { frameworks: [...frameworks].sort() };
}

/** Old clients name the output model of a task by its address or id. */
function updateForTask(call: CallWith<typeof UPDATED_FOR_TASK>): JsonObject {
  const { body } = call;
  const uri = body.uri;
  const other = body.override_model_id;
  if ((uri === undefined) === (other === undefined))
    throw new ApiError('missing_required_fields', { fields: ['uri', 'override_model_id'] }, 'exactly one');
  const task = writableTask(call);
  const { task: _task, ...fields } = modelFields({
    ...call,
    body: { name: task.name, ...call.body },
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
