import { ApiError } from '../api-error.js';
import type { CallWith } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { flag, json, type Schema, text, texts } from '../schema.js';
import { checkedName } from '../tasks/task-fields.js';
import { metadataOf } from './shared-edits.js';

/** Numbers of classes by name. */
const LABELS: Schema<JsonObject> = {
  type: 'object',
  additionalProperties: { type: 'integer', refusedAs: 'data_validation_error' },
};

/** What a request may set of a model. */
export const MODEL_FIELDS = {
  name: text,
  uri: text,
  comment: text,
  framework: text,
  project: text,
  task: text,
  parent: text,
  tags: texts,
  system_tags: texts,
  design: json,
  ready: flag,
  labels: LABELS,
  metadata: json,
} as const;

const TEXTS = ['uri', 'comment', 'framework', 'project', 'task', 'parent'] as const;

/**
 * The fields of a model that requests may set, checked.
 *
 * @throws ApiError 400/12, 101 or 800
 */
export function modelFields({ server, body }: CallWith<typeof MODEL_FIELDS>): JsonObject {
  const fields: JsonObject = {};
  if (body.name !== undefined) fields.name = checkedName(body.name);
  for (const name of TEXTS) if (body[name] !== undefined) fields[name] = body[name].trim();
  for (const name of ['tags', 'system_tags'] as const)
    if (body[name] !== undefined) fields[name] = body[name].toSorted();
  if (body.design !== undefined) fields.design = body.design;
  if (body.ready !== undefined) fields.ready = body.ready;
  if (body.labels !== undefined) fields.labels = body.labels;
  if (body.metadata !== undefined) fields.metadata = metadataOf(body.metadata);
  const { task, project } = fields;
  if (typeof task === 'string' && !server.tasks.has(task))
    throw new ApiError('invalid_task_id', { id: task });
  if (typeof project === 'string' && project !== '' && !server.projects.has(project))
    throw new ApiError('validation_error', { project }, 'no such project');
  return fields;
}
