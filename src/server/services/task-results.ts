import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObjects, type JsonObject } from '../json.js';
import { integer, json, listOf, object, oneOf, required, text, withDefault } from '../schema.js';
import { writableTask, writeTask } from '../tasks/write-task.js';

const SIDE = oneOf(['input', 'output']);
const TASK = { task: required(text) } as const;
const ARTIFACT_ID = { key: required(text), mode: withDefault(SIDE, 'output') } as const;
const ARTIFACT = object({
  ...ARTIFACT_ID,
  type: required(text),
  uri: text,
  hash: text,
  content_size: integer,
  timestamp: integer,
  type_data: object({ preview: text, content_type: text, data_hash: text }),
  display_data: listOf(listOf(json)),
});
const ARTIFACTS = { ...TASK, artifacts: required(listOf(ARTIFACT)) } as const;
const REMOVED_ARTIFACTS = { ...TASK, artifacts: required(listOf(object(ARTIFACT_ID))) } as const;
const MODEL = {
  ...TASK,
  name: required(text),
  type: required(SIDE),
  model: required(text),
  iteration: integer,
} as const;
const REMOVED_MODELS = {
  ...TASK,
  models: required(listOf(object({ name: required(text), type: required(SIDE) }))),
} as const;

/** Artifacts and models of tasks. */
export const taskResultEndpoints: EndpointTable = {
  'tasks.add_or_update_artifacts': endpoint(ARTIFACTS, addArtifacts),
  'tasks.delete_artifacts': endpoint(REMOVED_ARTIFACTS, deleteArtifacts),
  'tasks.add_or_update_model': endpoint(MODEL, addModel),
  'tasks.delete_models': endpoint(REMOVED_MODELS, deleteModels),
};

function addArtifacts(call: CallWith<typeof ARTIFACTS>): JsonObject {
  const task = writableTask(call);
  const added = call.body.artifacts;
  const keys = new Set(added.map(keyOf));
  const kept = asObjects(task.execution.artifacts).filter((artifact) => !keys.has(keyOf(artifact)));
  writeTask(call, task, { execution: { ...task.execution, artifacts: [...kept, ...added] } });
  return { updated: 1 };
}

function deleteArtifacts(call: CallWith<typeof REMOVED_ARTIFACTS>): JsonObject {
  const task = writableTask(call);
  const keys = new Set(call.body.artifacts.map(keyOf));
  const artifacts = asObjects(task.execution.artifacts).filter((artifact) => !keys.has(keyOf(artifact)));
  writeTask(call, task, { execution: { ...task.execution, artifacts } });
  return { deleted: 1 };
}

/** An artifact is known by its key and mode together. */
function keyOf(artifact: JsonObject): string {
  return `${artifact.mode ?? 'output'}\0${artifact.key}`;
}

function addModel(call: CallWith<typeof MODEL>): JsonObject {
  const { body, server } = call;
  const task = writableTask(call);
  const { type: side, model, name, iteration } = body;
  if (!server.models.has(model)) throw new ApiError('invalid_model_id', { id: model });
  const entry: JsonObject = { name, model, updated: isoDate(server.now()) };
  const known = asObjects(task.models[side]);
  const isNew = known.every((other) => other.name !== name);
  const entries = isNew ? [...known, entry] : known.map((other) => (other.name === name ? entry : other));
  writeTask(call, task, {
    models: { ...task.models, [side]: entries },
    ...(iteration === undefined ? {} : { last_iteration: Math.max(task.last_iteration, iteration) }),
  });
  return { updated: 1 };
}

function deleteModels(call: CallWith<typeof REMOVED_MODELS>): JsonObject {
  const task = writableTask(call);
  const removed = call.body.models;
  const keep = (side: string) => (entry: JsonObject) =>
    !removed.some(({ name, type }) => name === entry.name && type === side);
  const sides = ['input', 'output'].map((side) => [side, asObjects(task.models[side]).filter(keep(side))]);
  writeTask(call, task, { models: Object.fromEntries(sides) });
  return { updated: 1 };
}
