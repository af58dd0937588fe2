import { ApiError } from '../api-error.js';
import type { ProjectDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import type { Call } from '../endpoint.js';
import { newId } from '../ids.js';
import { projectsBelow } from './project-tree.js';

export const MAX_DEPTH = 10;
const MIN_NAME = 3;

/** The name of the hidden project, below another one, that holds what belongs to it but is no task of its own. */
export const HIDDEN_NAMES = { datasets: '.datasets', pipelines: '.pipelines', reports: '.reports' } as const;

/** The parts of a name between slashes, without blanks around. */
function partsOf(name: string): string[] {
  return name
    .split('/')
    .map((part) => part.trim())
    .filter(Boolean);
}

/** How deep a project of this name lies; 0 for an empty name. */
export function depthOf(name: string): number {
  return partsOf(name).length;
}

/** @throws ApiError 400/407, 409 */
export function cleanName(name: string): string {
  const parts = partsOf(name);
  if (parts.length === 0) throw new ApiError('invalid_project_name', { name });
  if (parts.length > MAX_DEPTH) throw new ApiError('project_path_exceeds_max', { max_depth: MAX_DEPTH });
  return parts.join('/');
}

/** The last part of a name. @throws ApiError 400/12 when it is too short */
export function basenameOf(name: string): string {
  const basename = name.slice(name.lastIndexOf('/') + 1);
  if (basename.length < MIN_NAME)
    throw new ApiError('validation_error', { name }, `at least ${MIN_NAME} characters are needed`);
  return basename;
}

/** The name of the project above; empty at the top. */
export function parentNameOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('/'), 0));
}

export function projectNamed(server: ServerContext, name: string): ProjectDocument | undefined {
  const [project] = server.projects.scan({ where: 'name = ?', parameters: [name] });
  return project;
}

/** The project of a name, made (with its parents) when there is none. */
export function projectForName(
  call: Call,
  name: string,
  fields: Partial<ProjectDocument> = {},
): ProjectDocument {
  const clean = cleanName(name);
  return projectNamed(call.server, clean) ?? makeProject(call, clean, fields);
}

/** @param name a clean one @param fields of the project; its parents, where they are made, have none of them */
export function makeProject(call: Call, name: string, fields: Partial<ProjectDocument>): ProjectDocument {
  const basename = basenameOf(name);
  const parentName = parentNameOf(name);
  const parent = parentName === '' ? undefined : projectForName(call, parentName);
  const now = isoDate(call.server.now());
  const project: ProjectDocument = {
    description: '',
    tags: [],
    system_tags: [],
    ...fields,
    id: newId(),
    name,
    basename,
    company: call.identity.company,
    user: call.identity.user,
    created: now,
    last_update: now,
    ...(parent === undefined ? {} : { parent: parent.id }),
  };
  call.server.projects.put(project);
  if (parent !== undefined) call.server.projects.put({ ...parent, last_update: now });
  return project;
}

/**
 * Gives a project another name, and those below it the names that follow from it.
 *
 * @param fields what else changes in the project
 * @returns how many projects were written
 * @throws ApiError 400/801
 */
export function renameProject(
  server: ServerContext,
  project: ProjectDocument,
  name: string,
  fields: Partial<ProjectDocument>,
): number {
  const other = projectNamed(server, name);
  if (other !== undefined && other.id !== project.id) throw new ApiError('expected_unique_data', { name });
  const below = projectsBelow(server, project.id);
  const last_update = isoDate(server.now());
  server.projects.put({ ...project, ...fields, name, basename: basenameOf(name), last_update });
  for (const each of below) {
    server.projects.put({ ...each, name: name + each.name.slice(project.name.length), last_update });
  }
  return 1 + below.length;
}
