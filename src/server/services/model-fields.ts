import { ApiError } from '../api-error.js';
import type { Call } from '../call.js';
import type { JsonObject } from '../json.js';
import { checkedName } from '../tasks/task-fields.js';
import { metadataOf } from './shared-edits.js';

const TEXTS = ['uri', 'comment', 'framework', 'project', 'task', 'parent'] as const;

/**
 * The fields of a model that requests may set, checked.
 *
 * @throws ApiError 400/12, 101 or 800
 */
export function modelFields({ server, params }: Call): JsonObject {
  const fields: JsonObject = {};
  if (params.has('name')) fields.name = checkedName(params.text('name'));
  for (const name of TEXTS) if (params.has(name)) fields[name] = params.text(name).trim();
  for (const name of ['tags', 'system_tags']) if (params.has(name)) fields[name] = params.texts(name).sort();
  if (params.has('design')) fields.design = params.value('design');
  if (params.has('ready')) fields.ready = params.flag('ready');
  if (params.has('labels')) fields.labels = checkedLabels(params.object('labels'));
  if (params.has('metadata')) fields.metadata = metadataOf(params.value('metadata'));
  const { task, project } = fields;
  if (typeof task === 'string' && !server.tasks.has(task))
    throw new ApiError('invalid_task_id', { id: task });
  if (typeof project === 'string' && project !== '' && !server.projects.has(project))
    throw new ApiError('validation_error', { project }, 'no such project');
  return fields;
}

function checkedLabels(labels: JsonObject): JsonObject {
  const wrong = Object.entries(labels).find(([, value]) => !Number.isInteger(value));
  if (wrong !== undefined)
    throw new ApiError('data_validation_error', { label: wrong[0] }, 'labels must be integers');
  return labels;
}
