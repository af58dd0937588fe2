import { ApiError } from '../api-error.js';
import type { Call } from '../call.js';
import { isOlder } from '../http/endpoint-path.js';
import {
  asObject,
  asObjects,
  asText,
  asTexts,
  isObject,
  isSafeName,
  type Json,
  type JsonObject,
} from '../json.js';
import { containerOfCommand } from './legacy-fields.js';
import { TASK_TYPES, type TaskDocument } from './task-document.js';

/**
 * The fields of a task that `tasks.create` and `tasks.edit` take, checked and in stored form. Sections in
 * it are whole: what the caller does with the present ones (merge or replace) is not decided here.
 *
 * @throws ApiError 400/12, 16, 201 or 800
 */
export function requestedFields(call: Call): Partial<TaskDocument> {
  const { params } = call;
  const fields: Partial<TaskDocument> = {};
  if (params.has('name')) fields.name = checkedName(params.text('name'));
  if (params.has('type')) fields.type = checkedType(params.text('type'));
  for (const name of ['comment', 'parent', 'project'] as const) {
    if (params.has(name)) fields[name] = params.text(name);
  }
  for (const name of ['tags', 'system_tags'] as const) {
    if (params.has(name)) fields[name] = tagList(name, params.value(name));
  }
  checkReferences(call, fields);
  return { ...fields, ...requestedSections(call) };
}

function tagList(field: string, value: Json | undefined): string[] {
  const tags = asTexts(value);
  if (Array.isArray(value) && tags.length === value.length) return [...new Set(tags)].sort();
  throw new ApiError('data_validation_error', { field }, 'expected a list of texts');
}

const SECTIONS = [
  'script',
  'execution',
  'output',
  'models',
  'hyperparams',
  'configuration',
  'runtime',
  'container',
];

function requestedSections(call: Call): Partial<TaskDocument> {
  const { params } = call;
  const sections: Partial<TaskDocument> = {};
  for (const name of SECTIONS) {
    if (params.has(name) && !isObject(params.value(name)))
      throw new ApiError('fields_value_error', { field: name }, 'expected an object');
  }
  if (params.has('script')) sections.script = trimmed(params.object('script'));
  if (params.has('execution')) Object.assign(sections, executionFields(call));
  if (params.has('output') || params.has('output_dest')) sections.output = output(call);
  if (params.has('models')) sections.models = models(call, params.object('models'));
  if (params.has('hyperparams')) sections.hyperparams = hyperParameters(params.object('hyperparams'));
  if (params.has('configuration')) sections.configuration = configurations(params.object('configuration'));
  for (const name of ['runtime', 'container'] as const) {
    if (params.has(name)) sections[name] = params.object(name);
  }
  return sections;
}

export function checkedName(name: string): string {
  const trimmedName = name.trim();
  if (trimmedName.length < 3)
    throw new ApiError('data_validation_error', { name }, 'at least 3 characters are needed');
  return trimmedName;
}

function checkedType(type: string): string {
  if ((TASK_TYPES as readonly string[]).includes(type)) return type;
  throw new ApiError('validation_error', { type }, `expected one of ${TASK_TYPES.join(', ')}`);
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

function executionFields(call: Call): Partial<TaskDocument> {
  const asked = call.params.object('execution');
  const legacy = isOlder(call.version, [2, 13]) ? containerOfCommand(asked) : { execution: asked };
  const { artifacts } = legacy.execution;
  // Old clients send a map, or null for "none"; the stored form is the list.
  const list = isObject(artifacts) ? Object.values(artifacts).filter(isObject) : asObjects(artifacts);
  return {
    ...legacy,
    execution: { ...legacy.execution, ...(artifacts === undefined ? {} : { artifacts: list }) },
  };
}

function output({ params }: Call): JsonObject {
  const destination = params.optionalText('output_dest');
  return { ...params.object('output'), ...(destination === undefined ? {} : { destination }) };
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
  return texts(item, ['section', 'name', 'value', 'type', 'description']);
}

/** Every configuration as `{name, value, type?, description?}`, all texts. */
export function configurations(items: JsonObject): JsonObject {
  return mapSafe(items, (name, item) => configuration({ ...asObject(item), name }));
}

export function configuration(item: JsonObject): JsonObject {
  return texts(item, ['name', 'value', 'type', 'description']);
}

function texts(item: JsonObject, names: readonly string[]): JsonObject {
  const given = names.filter((name) => item[name] !== undefined && item[name] !== null);
  const asWritten = (value: Json | undefined) => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.fromEntries(given.map((name) => [name, asWritten(item[name])]));
}

function mapSafe(object: JsonObject, change: (name: string, value: Json | undefined) => Json): JsonObject {
  const entries = Object.entries(object).filter(([name]) => isSafeName(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, change(name, value)]));
}
