import { ApiError } from '../api-error.js';
import type { ProjectDocument } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import { SEARCH, type SearchQuery, search } from '../query/search.js';
import { type Body, flag, required, text, texts } from '../schema.js';

const WRITABLE = {
  description: text,
  tags: texts,
  system_tags: texts,
  default_output_destination: text,
} as const;
const CREATED = { ...WRITABLE, name: required(text) } as const;
const UPDATED = { ...WRITABLE, project: required(text), name: text } as const;
const REMOVED = { project: required(text), force: flag } as const;
const QUERY = { ...SEARCH, parent: texts, shallow_search: flag, include_stats: flag } as const;

export const projectEndpoints: EndpointTable = {
  'projects.create': endpoint(CREATED, create),
  'projects.get_by_id': endpoint({ project: required(text) }, getById),
  'projects.get_all': endpoint(QUERY, (call) => find(call, false)),
  'projects.get_all_ex': endpoint(QUERY, (call) => find(call, true)),
  'projects.update': endpoint(UPDATED, update),
  'projects.delete': endpoint(REMOVED, remove),
};

const MAX_DEPTH = 10;
const MIN_NAME = 3;

function create(call: CallWith<typeof CREATED>): JsonObject {
  const name = cleanName(call.body.name);
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

function writable({ body }: CallWith<typeof WRITABLE>): Partial<ProjectDocument> {
  const destination = body.default_output_destination;
  return {
    ...(body.description !== undefined ? { description: body.description } : {}),
    ...(body.tags !== undefined ? { tags: body.tags.toSorted() } : {}),
    ...(body.system_tags !== undefined ? { system_tags: body.system_tags.toSorted() } : {}),
    ...(destination === undefined ? {} : { default_output_destination: destination }),
  };
}

function projectOf(call: Call<{ readonly project: string }>): ProjectDocument {
  const id = call.body.project;
  const project = call.server.projects.find(id);
  if (project === undefined) throw new ApiError('invalid_project_id', { id });
  return project;
}

function getById(call: Call<{ readonly project: string }>): JsonObject {
  return { project: projectOf(call) };
}

function find(call: Call<SearchQuery & Body<typeof QUERY>>, withStats: boolean): JsonObject {
  const { server, body } = call;
  const { shallow_search: shallow = false, parent: parents = [] } = body;
  const { documents, scroll } = search(server, body, {
    joined: withStats,
    kind: 'projects',
    scan: (narrowing) => server.projects.scan(narrowing),
    find: (id) => server.projects.find(id),
    shown: (project) => (withStats && body.include_stats ? withCounts(call, project) : project),
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

function update(call: CallWith<typeof UPDATED>): JsonObject {
  const project = projectOf(call);
  const name = call.body.name;
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

function remove(call: CallWith<typeof REMOVED>): JsonObject {
  const { server, body } = call;
  const project = projectOf(call);
  const ofProject = { where: 'project = ?', parameters: [project.id] };
  const { force } = body;
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
