import type { Call, EndpointTable } from '../call.js';
import type { JsonObject } from '../json.js';
import { join } from '../query/join.js';
import { search } from '../query/search.js';
import { TASK_FIELDS } from '../query/searchable.js';
import { withLegacyFields } from '../tasks/legacy-fields.js';
import { shownTask, TASK_TYPES, taskOf } from '../tasks/task-document.js';

export const taskReadingEndpoints: EndpointTable = {
  'tasks.get_by_id': { handler: getById, required: ['task'] },
  'tasks.get_by_id_ex': { handler: (call) => find(call, true) },
  'tasks.get_all': { handler: (call) => find(call, false) },
  'tasks.get_all_ex': { handler: (call) => find(call, true) },
  'tasks.get_types': { handler: getTypes },
};

function getById(call: Call): JsonObject {
  return { task: withLegacyFields(shownTask(taskOf(call.server, call.params.text('task'))), call.version) };
}

function find(call: Call, joined: boolean): JsonObject {
  const { server, params, version } = call;
  const { documents, scroll } = search(server, params, {
    withId: joined,
    fields: TASK_FIELDS,
    scan: (narrowing) => server.tasks.scan(narrowing),
    find: (id) => server.tasks.find(id),
    shown: (task, paths) => {
      const shown = withLegacyFields(shownTask(task), version);
      return joined ? join(server, shown, paths) : shown;
    },
    isHidden: (task) => task.system_tags.includes('hidden'),
  });
  return { tasks: documents, ...scroll };
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
