import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isoDate } from '../dates.js';
import { asObjects, asText, type JsonObject } from '../json.js';
import { writableTask, writeTask } from '../tasks/write-task.js';

/** Artifacts and models of tasks. */
export const taskResultEndpoints: EndpointTable = {
  'tasks.add_or_update_artifacts': {
    handler: addArtifacts,
    fields: { task: 'text!', artifacts: 'objects!' },
  },
  'tasks.delete_artifacts': { handler: deleteArtifacts, fields: { task: 'text!', artifacts: 'objects!' } },
  'tasks.add_or_update_model': {
    handler: addModel,
    fields: { task: 'text!', name: 'text!', type: 'text!', model: 'text!' },
  },
  'tasks.delete_models': { handler: deleteModels, fields: { task: 'text!', models: 'objects!' } },
};

function addArtifacts(call: Call): JsonObject {
  const task = writableTask(call);
  const added = call.params.objects('artifacts').map((artifact) => ({ mode: 'output', ...artifact }));
  if (added.some((artifact) => asText((artifact as JsonObject).key) === undefined)) {
    throw new ApiError('validation_error', { field: 'artifacts' }, 'an artifact has no key');
  }
  const keys = new Set(added.map(keyOf));
  const kept = asObjects(task.execution.artifacts).filter((artifact) => !keys.has(keyOf(artifact)));
  writeTask(call, task, { execution: { ...task.execution, artifacts: [...kept, ...added] } });
  return { updated: 1 };
}

function deleteArtifacts(call: Call): JsonObject {
  const task = writableTask(call);
  const keys = new Set(call.params.objects('artifacts').map(keyOf));
  const present = asObjects(task.execution.artifacts);
  const artifacts = present.filter((artifact) => !keys.has(keyOf(artifact)));
  writeTask(call, task, { execution: { ...task.execution, artifacts } });
  return { deleted: present.length === artifacts.length ? 0 : 1 };
}

/** An artifact is known by its key and mode together. */
function keyOf(artifact: JsonObject): string {
  return `${artifact.mode ?? 'output'}\0${artifact.key}`;
}

function addModel(call: Call): JsonObject {
  const { params, server } = call;
  const task = writableTask(call);
  const side = sideOf(params.text('type'));
  const model = params.text('model');
  if (!server.models.has(model)) throw new ApiError('invalid_model_id', { id: model });
  const name = params.text('name');
  const entry = { name, model, updated: isoDate(server.now()) };
  const others = asObjects(task.models[side]).filter((other) => other.name !== name);
  const iteration = params.optionalInteger('iteration');
  writeTask(call, task, {
    models: { ...task.models, [side]: [...others, entry] },
    ...(iteration === undefined ? {} : { last_iteration: Math.max(task.last_iteration, iteration) }),
  });
  return { updated: 1 };
}

function deleteModels(call: Call): JsonObject {
  const task = writableTask(call);
  const removed = call.params.objects('models');
  const keep = (side: string) => (entry: JsonObject) =>
    !removed.some(({ name, type }) => name === entry.name && sideOf(String(type)) === side);
  const sides = ['input', 'output'].map((side) => [side, asObjects(task.models[side]).filter(keep(side))]);
  writeTask(call, task, { models: Object.fromEntries(sides) });
  return { updated: 1 };
}

function sideOf(type: string): 'input' | 'output' {
  if (type === 'input' || type === 'output') return type;
  throw new ApiError('validation_error', { type }, 'expected input or output');
}
