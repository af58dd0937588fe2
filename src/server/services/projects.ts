import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import type { ProjectDocument } from '../context.js';
import { isoDate } from '../dates.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import { search } from '../query/search.js';

export const projectEndpoints: EndpointTable = {
  'projects.create': { handler: create, fields: { name: 'text!' } },
  'projects.get_by_id': { handler: getById, fields: { project: 'text!' } },
  'projects.get_all': { handler: (call) => find(call, false) },
  'projects.get_all_ex': { handler: (call) => find(call, true) },
  'projects.update': { handler: update, fields: { project: 'text!' } },
  'projects.delete': { handler: remove, fields: { project: 'text!' } },
};

const MAX_DEPTH = 10;
const MIN_NAME = 3;

function create(call: Call): JsonObject {
  const name = cleanName(call.params.text('name'));
  if (named(call, name) !== undefined) throw new ApiError('expected_unique_data', { name });
  return { id: makeProject(call, name, writable(call)).id };
}

/** The project of a name, made (with its parents) when there is none. */
export function projectForName(call: Call, name: string): ProjectDocument {
  const clean = cleanName(name);
  return named(call, clean) ?? makeProject(call, clean, {});
}

function makeProject(call: Call, name: string, fields: Partial<ProjectDocument>): ProjectDocument {
  const slash = name.lastIndexOf('/');
  const parent = slash === -1 ? undefined : projectForName(call, name.slice(0, slash));
  const now = isoDate(call.server.now());
  const project: ProjectDocument = {
    description: '',
    tags: [],
    system_tags: [],
    ...fields,
    id: newId(),
    name,
    basename: name.slice(slash + 1),
    company: call.identity.company,
    user: call.identity.user,
    created: now,
    last_update: now,
    ...(parent === undefined ? {} : { parent: parent.id }),
  };
  call.server.projects.put(project);
  return project;
}

/** Parts between slashes without blanks around. @throws ApiError 400/12, 409 */
function cleanName(name: string): string {
  const parts = name
    .split('/')
    .map((part) => part.trim())
    .filter(Boolean);
  if ((parts.at(-1)?.length ?? 0) < MIN_NAME) {
    throw new ApiError('validation_error', { name }, `at least ${MIN_NAME} characters are needed`);
  }
  if (parts.length > MAX_DEPTH) throw new ApiError('project_path_exceeds_max', { max_depth: MAX_DEPTH });
  return parts.join('/');
}

function named({ server }: Call, name: string): ProjectDocument | undefined {
  const [project] = server.projects.scan({ where: 'name = ?', parameters: [name] });
  return project;
}

function writable({ params }: Call): Partial<ProjectDocument> {
  const destination = params.optionalText('default_output_destination');
  return {
    ...(params.has('description') ? { description: params.text('description') } : {}),
    ...(params.has('tags') ? { tags: params.texts('tags').sort() } : {}),
    ...(params.has('system_tags') ? { system_tags: params.texts('system_tags').sort() } : {}),
    ...(destination === undefined ? {} : { default_output_destination: destination }),
  };
}

function projectOf(call: Call): ProjectDocument {
  const id = call.params.text('project');
  const project = call.server.projects.find(id);
  if (project === undefined) throw new ApiError('invalid_project_id', { id });
  return project;
}

function getById(call: Call): JsonObject {
  return { project: projectOf(call) };
}

function find(call: Call, withStats: boolean): JsonObject {
  const { server, params } = call;
  const shallow = params.flag('shallow_search');
  const parents = params.texts('parent');
  const { documents, scroll } = search(server, params, {
    joined: withStats,
    kind: 'projects',
    scan: (narrowing) => server.projects.scan(narrowing),
    find: (id) => server.projects.find(id),
    shown: (project) => (withStats && params.flag('include_stats') ? withCounts(call, project) : project),
    isHidden: (project) => project.system_tags.includes('hidden'),
    also: (project) => isBelow(call, project, parents, shallow),
  });
  return { projects: documents, ...scroll };
}

/** Shallow: directly below one of the parents, or at the top without one. Else: anywhere below. */
function isBelow(
  call: Call,
  project: ProjectDocument,
  parents: readonly string[],
  shallow: boolean,
): boolean {
  if (parents.length === 0) return !shallow || project.parent === undefined;
  if (project.parent === undefined) return false;
  if (parents.includes(project.parent)) return true;
  const above = shallow ? undefined : call.server.projects.find(project.parent);
  return above !== undefined && isBelow(call, above, parents, shallow);
}

function withCounts({ server }: Call, project: ProjectDocument): JsonObject {
  const count = (extra: string) =>
    server.tasks.count({ where: `project = ? AND ${extra}`, parameters: [project.id] });
  const stats = { total_tasks: count('1'), total_running_tasks: count("status = 'in_progress'") };
  return { ...project, stats: { active: stats } };
}

function update(call: Call): JsonObject {
  const project = projectOf(call);
  const name = call.params.optionalText('name');
  const fields: JsonObject = { ...writable(call), last_update: isoDate(call.server.now()) };
  if (name !== undefined) Object.assign(fields, rename(call, project, cleanName(name)));
  call.server.projects.put({ ...project, ...fields });
  return { updated: 1, fields };
}

/** Projects below a renamed one follow it; a rename does not move a project to another parent. */
function rename(
  call: Call,
  project: ProjectDocument,
  name: string,
): Pick<ProjectDocument, 'name' | 'basename'> {
  const other = named(call, name);
  if (other !== undefined && other.id !== project.id) throw new ApiError('expected_unique_data', { name });
  const parentOf = (path: string) => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  if (parentOf(name) !== parentOf(project.name)) {
    throw new ApiError('cannot_update_project_location', { name, source: project.name });
  }
  const below = [...call.server.projects.scan()].filter((each) => each.name.startsWith(`${project.name}/`));
  for (const each of below) {
    call.server.projects.put({ ...each, name: name + each.name.slice(project.name.length) });
  }
  return { name, basename: name.slice(name.lastIndexOf('/') + 1) };
}

function remove(call: Call): JsonObject {
  const { server, params } = call;
  const project = projectOf(call);
  const ofProject = { where: 'project = ?', parameters: [project.id] };
  const force = params.flag('force');
  if (!force && server.tasks.count(ofProject) > 0)
    throw new ApiError('project_has_tasks', { id: project.id });
  if (!force && server.models.count(ofProject) > 0)
    throw new ApiError('project_has_models', { id: project.id });
  let disassociated = 0;
  for (const task of server.tasks.scan(ofProject)) {
    server.tasks.put({ ...task, project: undefined });
    disassociated += 1;
  }
  server.projects.delete(project.id);
  return { deleted: 1, disassociated_tasks: disassociated };
}
