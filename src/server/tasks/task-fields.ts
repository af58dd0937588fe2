import { ApiError } from '../api-error.js';
import type { Call, CallWith } from '../endpoint.js';
import { asObject, asObjects, asText, isObject, isSafeName, type Json, type JsonObject } from '../json.js';
import { listOf, map, oneOf, refusedAs, text } from '../schema.js';
import { isOlder, type Version } from '../versions.js';
import { containerOfCommand } from './legacy-fields.js';
import { TASK_TYPES, type TaskDocument } from './task-document.js';

const TAGS = refusedAs('data_validation_error', listOf(refusedAs('data_validation_error', text)));
const SECTION = refusedAs('fields_value_error', map);

/** What requests may set of a task. */
export const TASK_FIELDS = {
  name: text,
  type: oneOf(TASK_TYPES),
  comment: text,
  parent: text,
  project: text,
  tags: TAGS,
  system_tags: TAGS,
  script: SECTION,
  execution: SECTION,
  output: SECTION,
  output_dest: text,
  models: SECTION,
  hyperparams: SECTION,
  configuration: SECTION,
  runtime: SECTION,
  container: SECTION,
} as const;

type TaskCall = CallWith<typeof TASK_FIELDS>;

/**
 * The fields of a task that `tasks.create` and `tasks.edit` take, checked and in stored form. Sections in
 * it are whole: what the caller does with the present ones (merge or replace) is not decided here.
 *
 * @throws ApiError 400/16, 201 or 800
 */
export function requestedFields(call: TaskCall): Partial<TaskDocument> {
  const { body } = call;
  const fields: Partial<TaskDocument> = {};
  if (body.name !== undefined) fields.name = checkedName(body.name);
  if (body.type !== undefined) fields.type = body.type;
  for (const name of ['comment', 'parent', 'project'] as const) {
    if (body[name] !== undefined) fields[name] = body[name];
  }
  for (const name of ['tags', 'system_tags'] as const) {
    if (body[name] !== undefined) fields[name] = [...new Set(body[name])].sort();
  }
  checkReferences(call, fields);
  return { ...fields, ...requestedSections(call) };
}

function requestedSections(call: TaskCall): Partial<TaskDocument> {
  const { body } = call;
  const sections: Partial<TaskDocument> = {};
  if (body.script !== undefined) sections.script = trimmed(body.script);
  if (body.execution !== undefined) Object.assign(sections, executionFields(call.version, body.execution));
  if (body.output !== undefined || body.output_dest !== undefined) sections.output = output(call);
  if (body.models !== undefined) sections.models = models(call, body.models);
  if (body.hyperparams !== undefined) sections.hyperparams = hyperParameters(body.hyperparams);
  if (body.configuration !== undefined) sections.configuration = configurations(body.configuration);
  for (const name of ['runtime', 'container'] as const) {
    if (body[name] !== undefined) sections[name] = body[name];
  }
  return sections;
}

export function checkedName(name: string): string {
  const trimmedName = name.trim();
  if (trimmedName.length < 3)
    throw new ApiError('data_validation_error', { name }, 'at least 3 characters are needed');
  return trimmedName;
}

function checkReferences({ server }: Call, { project, parent }: Partial<TaskDocument>): void {
  if (project !== undefined && project !== '' && !server.projects.has(project)) {
    throw new ApiError('fields_value_error', { project }, 'no such project');
  }
  if (parent !== undefined && parent !== '' && !server.tasks.has(parent)) {
    throw new ApiError('fields_value_error', { parent }, 'no such task');
  }
}

/** The texts of a section without blanks around; the diff keeps its own, which a patch needs. */
function trimmed(section: JsonObject): JsonObject {
  const keep = (name: string, value: Json | undefined) =>
    typeof value === 'string' && name !== 'diff' ? value.trim() : value;
  return Object.fromEntries(Object.entries(section).map(([name, value]) => [name, keep(name, value)]));
}

function executionFields(version: Version, asked: JsonObject): Partial<TaskDocument> {
  const legacy = isOlder(version, [2, 13]) ? containerOfCommand(asked) : { execution: asked };
  const { artifacts } = legacy.execution;
  // Old clients send a map, or null for "none"; the stored form is the list.
  const list = isObject(artifacts) ? Object.values(artifacts).filter(isObject) : asObjects(artifacts);
  return {
    ...legacy,
    execution: { ...legacy.execution, ...(artifacts === undefined ? {} : { artifacts: list }) },
  };
}

function output({ body }: TaskCall): JsonObject {
  const { output_dest: destination } = body;
  return { ...body.output, ...(destination === undefined ? {} : { destination }) };
}

function models({ server }: Call, sections: JsonObject): JsonObject {
  for (const { model } of asObjects(sections.input)) {
    const id = asText(model);
    if (id !== undefined && !server.models.has(id)) throw new ApiError('invalid_model_id', { id });
  }
  return Object.fromEntries(
    ['input', 'output'].filter((side) => side in sections).map((side) => [side, asObjects(sections[side])]),
  );
}

/** Every parameter as `{section, name, value, type?, description?}`, all texts. */
export function hyperParameters(sections: JsonObject): JsonObject {
  return mapSafe(sections, (section, items) =>
    mapSafe(asObject(items), (name, item) => parameter({ ...asObject(item), section, name })),
  );
}

export function parameter(item: JsonObject): JsonObject {
  return textsOf(item, ['section', 'name', 'value', 'type', 'description']);
}

/** Every configuration as `{name, value, type?, description?}`, all texts. */
export function configurations(items: JsonObject): JsonObject {
  return mapSafe(items, (name, item) => configuration({ ...asObject(item), name }));
}

export function configuration(item: JsonObject): JsonObject {
  return textsOf(item, ['name', 'value', 'type', 'description']);
}

function textsOf(item: JsonObject, names: readonly string[]): JsonObject {
  const given = names.filter((name) => item[name] !== undefined && item[name] !== null);
  const asWritten = (value: Json | undefined) => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.fromEntries(given.map((name) => [name, asWritten(item[name])]));
}

function mapSafe(object: JsonObject, change: (name: string, value: Json | undefined) => Json): JsonObject {
  const entries = Object.entries(object).filter(([name]) => isSafeName(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, change(name, value)]));
}
