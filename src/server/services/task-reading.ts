import type { Call, EndpointTable } from '../call.js';
import type { ServerContext } from '../context.js';
import { asTexts, type JsonObject } from '../json.js';
import { Params } from '../params.js';
import { search } from '../query/search.js';
import { withLegacyFields } from '../tasks/legacy-fields.js';
import { withProjectsBelow } from '../tasks/project-tree.js';
import { shownTask, TASK_TYPES, taskOf } from '../tasks/task-document.js';

export const taskReadingEndpoints: EndpointTable = {
  'tasks.get_by_id': { handler: getById, fields: { task: 'text!' } },
  'tasks.get_by_id_ex': { handler: (call) => find(call, true), fields: { id: 'texts!' } },
  'tasks.get_all': { handler: (call) => find(call, false) },
  'tasks.get_all_ex': { handler: (call) => find(call, true) },
  'tasks.get_types': { handler: getTypes },
};

function getById(call: Call): JsonObject {
  return { task: withLegacyFields(shownTask(taskOf(call.server, call.params.text('task'))), call.version) };
}

function find(call: Call, joined: boolean): JsonObject {
  const { server, params, version } = call;
  const { documents, scroll } = search(server, withSubprojects(server, params), {
    joined: joined,
    kind: 'tasks',
    scan: (narrowing) => server.tasks.scan(narrowing),
    find: (id) => server.tasks.find(id),
    shown: (task) => withLegacyFields(shownTask(task), version),
    isHidden: (task) => task.system_tags.includes('hidden'),
  });
  return { tasks: documents, ...scroll };
}

/** With `include_subprojects`, a query of projects is one of all that is below them, too. */
function withSubprojects(server: ServerContext, params: Params): Params {
  const asked = params.value('project');
  if (!params.flag('include_subprojects') || asked === undefined) return params;
  const ids = withProjectsBelow(server, asTexts(Array.isArray(asked) ? asked : [asked]));
  return new Params({ ...params.fields, project: [...ids] });
}

/** The types that are in use, of some projects or of all. */
function getTypes({ server, params }: Call): JsonObject {
  const projects = params.texts('projects');
  const types = new Set<string>();
  for (const task of server.tasks.scan()) {
    if (projects.length === 0 || projects.includes(task.project ?? '')) types.add(task.type);
  }
  return { types: TASK_TYPES.filter((type) => types.has(type)) };
}
