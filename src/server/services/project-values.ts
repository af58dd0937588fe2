import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObject, asText, asTexts, type Json, type JsonObject } from '../json.js';
import { withProjectsBelow } from '../projects/project-tree.js';
import { type ParameterName, parametersOfTasks, tagsOfTasks, usersOfTasks } from '../query/known-values.js';
import { predicateOf } from '../query/predicate.js';
import { SEARCHABLE } from '../query/searchable.js';
import {
  flag,
  integer,
  listOf,
  nullableText,
  object,
  oneOf,
  required,
  text,
  texts,
  withDefault,
} from '../schema.js';
import type { TaskDocument } from '../tasks/task-document.js';

const BELOW = withDefault(flag, true);
const OF_ONE = { project: text, include_subprojects: BELOW } as const;
const OF_MANY = { projects: listOf(nullableText), include_subprojects: BELOW } as const;
const MAX_PAGE = 500;
const PAGE = { page: withDefault(integer, 0), page_size: withDefault(integer, MAX_PAGE) } as const;
const KEYS = { ...OF_ONE, ...PAGE } as const;
const METRICS = { ...OF_ONE, model_metrics: flag, ids: texts } as const;
const VALUES = { ...OF_MANY, ...PAGE, key: required(text), allow_public: flag } as const;
const PARAMETER = {
  ...OF_MANY,
  ...PAGE,
  section: required(text),
  name: required(text),
  pattern: text,
  allow_public: flag,
} as const;
export const TAGS = {
  projects: listOf(nullableText),
  include_system: flag,
  filter: object({ tags: texts, system_tags: texts }),
} as const;
const PARENTS = { ...OF_MANY, tasks_state: oneOf(['active', 'archived']), task_name: text } as const;
const USERS = { ...OF_MANY, entity: withDefault(oneOf(['task', 'model']), 'task') } as const;

/** What there is within projects to choose from. */
export const projectValueEndpoints: EndpointTable = {
  'projects.get_unique_metric_variants': endpoint(METRICS, getMetricVariants),
  'projects.get_model_metadata_keys': endpoint(KEYS, getMetadataKeys),
  'projects.get_model_metadata_values': endpoint(VALUES, getMetadataValues),
  'projects.get_hyper_parameters': endpoint(KEYS, getParameters, { since: [2, 9] }),
  'projects.get_hyperparam_values': endpoint(PARAMETER, getParameterValues, { since: [2, 13] }),
  'projects.get_project_tags': endpoint(TAGS, getProjectTags),
  'projects.get_task_tags': endpoint(TAGS, (call) => getTags(call, 'tasks'), { since: [2, 8] }),
  'projects.get_model_tags': endpoint(TAGS, (call) => getTags(call, 'models'), { since: [2, 8] }),
  'projects.get_task_parents': endpoint(PARENTS, getParents, { since: [2, 12] }),
  'projects.get_user_names': endpoint(USERS, getUserNames),
};

type Within = (document: { project?: Json | undefined }) => boolean;

/** Whether a document lies in the projects that a request means; none of them: it does. */
function within(call: Call, ids: readonly (string | null)[] | undefined, below: boolean): Within {
  if (ids === undefined || ids.length === 0) return () => true;
  const named = ids.filter((id) => id !== null);
  const projects = below ? withProjectsBelow(call.server, named) : new Set(named);
  const topToo = ids.includes(null);
  return ({ project }) => (typeof project === 'string' ? projects.has(project) : topToo);
}

function withinOne(call: CallWith<typeof OF_ONE>): Within {
  const { project, include_subprojects: below } = call.body;
  // Without a project, and not below it either: what is in no project.
  return within(call, project === undefined ? (below ? undefined : [null]) : [project], below);
}

function withinMany(call: CallWith<typeof OF_MANY>): Within {
  return within(call, call.body.projects, call.body.include_subprojects);
}

/** A page of texts in the order of their letters and numbers. */
function pageOf(call: CallWith<typeof PAGE>, all: Iterable<string>): string[] {
  const { page, page_size: asked } = call.body;
  const size = Math.max(asked, 1);
  const start = Math.max(page, 0) * size;
  return [...all].sort(NUMERIC.compare).slice(start, start + size);
}

const NUMERIC = new Intl.Collator('en-US', { numeric: true });

/** The scalars that tasks (or models) reported, with the digests that `last_metrics` has as keys. */
function getMetricVariants(call: CallWith<typeof METRICS>): JsonObject {
  const { server, body } = call;
  const matches = withinOne(call);
  const { ids = [] } = body;
  const found = new Map<string, JsonObject>();
  for (const document of body.model_metrics ? server.models.scan() : server.tasks.scan()) {
    if (!matches(document) || (ids.length > 0 && !ids.includes(document.id))) continue;
    for (const [metricHash, variants] of Object.entries(asObject(document.last_metrics))) {
      for (const [variantHash, last] of Object.entries(asObject(variants))) {
        const { metric, variant } = asObject(last);
        found.set(`${metricHash}.${variantHash}`, {
          metric,
          metric_hash: metricHash,
          variant,
          variant_hash: variantHash,
        });
      }
    }
  }
  const key = ({ metric, variant }: JsonObject) => `${metric}\0${variant}`;
  return { metrics: [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

function getMetadataKeys(call: CallWith<typeof KEYS>): JsonObject {
  const matches = withinOne(call);
  const keys = new Set<string>();
  for (const model of call.server.models.scan()) {
    if (matches(model)) for (const key of Object.keys(asObject(model.metadata))) keys.add(key);
  }
  return counted('keys', pageOf(call, keys));
}

/** As the released server counts: what is on the page, and nothing after it. */
function counted(name: string, items: Json[]): JsonObject {
  return { total: items.length, remaining: 0, [name]: items };
}

function getMetadataValues(call: CallWith<typeof VALUES>): JsonObject {
  const matches = withinMany(call);
  const values = new Set<string>();
  for (const model of call.server.models.scan()) {
    const item = matches(model) ? asObject(model.metadata)[call.body.key] : undefined;
    const value = asText(asObject(item).value);
    if (value !== undefined) values.add(value);
  }
  const page = pageOf(call, values);
  return { total: page.length, values: page };
}

function getParameters(call: CallWith<typeof KEYS>): JsonObject {
  const { server, body } = call;
  const isEverywhere = body.project === undefined && body.include_subprojects;
  const known = isEverywhere ? parametersOfTasks(server.database, (id) => server.tasks.find(id)) : undefined;
  const found = new Map<string, JsonObject>();
  for (const { section, name } of known ?? parametersIn(server.tasks.scan(), withinOne(call)))
    found.set(`${section}\0${name}`, { section, name });
  return counted(
    'parameters',
    pageOf(call, found.keys()).map((key) => found.get(key) ?? {}),
  );
}

function* parametersIn(tasks: Iterable<TaskDocument>, matches: Within): Generator<ParameterName> {
  for (const task of tasks) {
    if (!matches(task)) continue;
    for (const [section, items] of Object.entries(task.hyperparams))
      for (const name of Object.keys(asObject(items))) yield { section, name };
  }
}

function getParameterValues(call: CallWith<typeof PARAMETER>): JsonObject {
  const { server, body } = call;
  const matches = withinMany(call);
  const pattern =
    body.pattern === undefined ? undefined : server.patterns.compile(body.pattern, { ignoreCase: true });
  const values = new Set<string>();
  for (const task of server.tasks.scan()) {
    const section = matches(task) ? asObject(task.hyperparams[body.section]) : {};
    const item = Object.hasOwn(section, body.name) ? asObject(section[body.name]) : undefined;
    if (item === undefined) continue;
    const value = typeof item.value === 'string' ? item.value : '';
    if (pattern?.test(value) !== false) values.add(value);
  }
  server.patterns.assertSettled();
  const page = pageOf(call, values);
  return { total: page.length, values: page };
}

function getProjectTags(call: CallWith<typeof TAGS>): JsonObject {
  const { server, body } = call;
  const ids = body.projects?.filter((id) => id !== null) ?? [];
  const scope = ids.length === 0 ? undefined : withProjectsBelow(server, ids);
  const matches = predicateOf({ ...body.filter }, SEARCHABLE.projects, server.patterns);
  const found = [...server.projects.scan()].filter(
    (project) => (scope === undefined || scope.has(project.id)) && matches(project),
  );
  return {
    tags: tagsOf(found, 'tags'),
    system_tags: body.include_system ? tagsOf(found, 'system_tags') : [],
  };
}

function tagsOf(documents: readonly JsonObject[], field: 'tags' | 'system_tags'): string[] {
  return [...new Set(documents.flatMap((document) => asTexts(document[field])))].sort();
}

/** The tags of tasks or models. */
export function getTags(call: CallWith<typeof TAGS>, kind: 'tasks' | 'models'): JsonObject {
  const { server, body } = call;
  const isEverywhere = (body.projects ?? []).length === 0 && Object.keys(body.filter ?? {}).length === 0;
  if (kind === 'tasks' && isEverywhere) {
    const tags = tagsOfTasks(server.database, 'tags');
    const system = body.include_system ? tagsOfTasks(server.database, 'system_tags') : [];
    if (tags !== undefined && system !== undefined)
      return body.include_system ? { tags, system_tags: system } : { tags };
  }
  const matches = predicateOf({ ...body.filter }, SEARCHABLE[kind], server.patterns);
  const isWithin = within(call, body.projects, true);
  const found: JsonObject[] = [];
  for (const document of server[kind].scan())
    if (isWithin(document) && matches(document)) found.push(document);
  return {
    tags: tagsOf(found, 'tags'),
    ...(body.include_system ? { system_tags: tagsOf(found, 'system_tags') } : {}),
  };
}

function getParents(call: CallWith<typeof PARENTS>): JsonObject {
  const { server, body } = call;
  const isWithin = withinMany(call);
  const { tasks_state: state, task_name: name } = body;
  const isInState = (tags: readonly string[]) =>
    state === undefined || tags.includes('archived') === (state === 'archived');
  const ids = new Set<string>();
  for (const task of server.tasks.scan())
    if (task.parent !== undefined && isWithin(task) && isInState(task.system_tags)) ids.add(task.parent);
  const pattern = name === undefined ? undefined : server.patterns.compile(name);
  const parents = [...ids]
    .map((id) => server.tasks.find(id))
    .filter((task) => task !== undefined && pattern?.test(task.name) !== false)
    .map((task) => ({ id: task?.id, name: task?.name ?? '', ...projectOfTask(call, task?.project) }));
  server.patterns.assertSettled();
  return { parents: parents.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function projectOfTask({ server }: Call, id: string | undefined): JsonObject {
  const project = id === undefined ? undefined : server.projects.find(id);
  return project === undefined ? {} : { project: { id: project.id, name: project.name } };
}

function getUserNames(call: CallWith<typeof USERS>): JsonObject {
  const { server, body } = call;
  const isWithin = withinMany(call);
  const isEverywhere = (body.projects ?? []).length === 0;
  const known = body.entity === 'task' && isEverywhere ? usersOfTasks(server.database) : undefined;
  const ids = new Set(known);
  if (known === undefined)
    for (const document of body.entity === 'model' ? server.models.scan() : server.tasks.scan())
      if (isWithin(document)) ids.add(String(document.user));
  const users = [...ids].map((id) => server.users.find(id)).filter((user) => user !== undefined);
  return { users: users.map(({ id, name }) => ({ id, name })) };
}
