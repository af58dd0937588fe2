import { type Call, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { withSubprojects } from '../projects/project-tree.js';
import { SEARCH, type SearchQuery } from '../query/search.js';
import { type Body, flag, json, required, requiredAs, text, texts } from '../schema.js';
import { withLegacyFields } from '../tasks/legacy-fields.js';
import { searchTasks } from '../tasks/search-tasks.js';
import { shownTask, TASK_TYPES, taskOf } from '../tasks/task-document.js';

const QUERY = { ...SEARCH, include_subprojects: flag } as const;
type Query = SearchQuery & Body<typeof QUERY>;

export const taskReadingEndpoints: EndpointTable = {
  'tasks.get_by_id': endpoint({ task: required(text) }, getById),
  'tasks.get_by_id_ex': endpoint({ ...QUERY, id: requiredAs('missing_required_fields', json) }, (call) =>
    find(call, true),
  ),
  'tasks.get_all': endpoint(QUERY, (call) => find(call, false)),
  'tasks.get_all_ex': endpoint(QUERY, (call) => find(call, true)),
  'tasks.get_types': endpoint({ projects: texts }, getTypes),
};

function getById(call: Call<{ readonly task: string }>): JsonObject {
  return { task: withLegacyFields(shownTask(taskOf(call.server, call.body.task)), call.version) };
}

function find(call: Call<Query>, joined: boolean): JsonObject {
  return searchTasks(call, withSubprojects(call.server, call.body), joined);
}

/** The types that are in use, of some projects or of all. */
function getTypes({ server, body }: Call<{ readonly projects?: string[] }>): JsonObject {
  const { projects = [] } = body;
  const types = new Set<string>();
  for (const task of server.tasks.scan()) {
    if (projects.length === 0 || projects.includes(task.project ?? '')) types.add(task.type);
  }
  return { types: TASK_TYPES.filter((type) => types.has(type)) };
}
