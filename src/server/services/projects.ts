import { ApiError } from '../api-error.js';
import type { ProjectDocument } from '../context.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asTexts, type JsonObject } from '../json.js';
import {
  cleanName,
  depthOf,
  MAX_DEPTH,
  makeProject,
  parentNameOf,
  projectForName,
  projectNamed,
  renameProject,
} from '../projects/project-names.js';
import { pathOf, projectOf, projectsBelow, shownProject } from '../projects/project-tree.js';
import { required, requiredAs, text, texts } from '../schema.js';
import type { Documents, Stored } from '../storage/documents.js';
import { setPublic } from './shared-edits.js';

const WRITABLE = {
  description: text,
  tags: texts,
  system_tags: texts,
  default_output_destination: text,
} as const;
const CREATED = { ...WRITABLE, name: requiredAs('missing_required_fields', text) } as const;
const PROJECT = { project: required(text) } as const;
const UPDATED = { ...WRITABLE, ...PROJECT, name: text } as const;
const MOVED = { ...PROJECT, new_location: text } as const;
const MERGED = { ...PROJECT, destination_project: text } as const;

const projects = {
  documents: ({ projects }: Call['server']) => projects,
  missing: 'invalid_project_id',
} as const;

export const projectEndpoints: EndpointTable = {
  'projects.create': endpoint(CREATED, create),
  'projects.get_by_id': endpoint(PROJECT, ({ server, body }) => ({
    project: shownProject(server, projectOf(server, body.project)),
  })),
  'projects.update': endpoint(UPDATED, update),
  'projects.move': endpoint(MOVED, move),
  'projects.merge': endpoint(MERGED, merge),
  'projects.make_public': setPublic(projects, true),
  'projects.make_private': setPublic(projects, false),
};

function create(call: CallWith<typeof CREATED>): JsonObject {
  const name = cleanName(call.body.name);
  if (projectNamed(call.server, name) !== undefined) throw new ApiError('expected_unique_data', { name });
  return { id: makeProject(call, name, writable(call)).id };
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

/** A new name does not move a project to another parent. */
function update(call: CallWith<typeof UPDATED>): JsonObject {
  const { server, body } = call;
  const project = projectOf(server, body.project);
  const fields = writable(call);
  if (body.name === undefined || body.name === '') {
    server.projects.put({ ...project, ...fields, last_update: isoDate(server.now()) });
    return { updated: 1, fields };
  }
  const name = cleanName(body.name);
  if (parentNameOf(name) !== parentNameOf(project.name))
    throw new ApiError('cannot_update_project_location', { name, source: project.name });
  renameProject(server, project, name, fields);
  return { updated: 1, fields: { ...fields, name: body.name } };
}

/** Moves a project and all below it under another one, which is made if it is new; no location: to the top. */
function move(call: CallWith<typeof MOVED>): JsonObject {
  const { server, body } = call;
  const project = projectOf(server, body.project);
  const { new_location: location = '' } = body;
  assertDepth([project, ...projectsBelow(server, project.id)], depthOf(project.name) - 1, depthOf(location));
  const parent = depthOf(location) === 0 ? undefined : projectForName(call, location);
  if (parent?.id === project.parent)
    throw new ApiError('project_source_and_destination_are_the_same', { location: parent?.name ?? '' });
  if (parent !== undefined && [...pathOf(server, parent), parent.id].includes(project.id))
    throw new ApiError('project_cannot_be_moved_under_itself', { project: project.id, parent: parent.id });
  const old = server.projects.find(project.parent ?? '');
  const moved = place(call, project, parent);
  for (const each of [old, parent]) if (each !== undefined) touch(call, each);
  return { moved };
}

/** Moves what is in a project, and the projects below it, to another one (or to the top), and removes it. */
function merge(call: CallWith<typeof MERGED>): JsonObject {
  const { server, body } = call;
  if (body.project === body.destination_project)
    throw new ApiError('project_source_and_destination_are_the_same', { source: body.project });
  const source = projectOf(server, body.project);
  const { destination_project: id = '' } = body;
  const destination = id === '' ? undefined : projectOf(server, id);
  if (destination !== undefined && pathOf(server, destination).includes(source.id))
    throw new ApiError('project_cannot_be_merged_into_its_child', { source: source.id, destination: id });
  const below = projectsBelow(server, source.id);
  assertDepth(below, depthOf(source.name), depthOf(destination?.name ?? ''));
  const moved =
    moveDocuments(server.tasks, source.id, destination?.id) +
    moveDocuments(server.models, source.id, destination?.id);
  const children = below.filter(({ parent }) => parent === source.id);
  for (const child of children) place(call, child, destination);
  server.projects.delete(source.id);
  if (destination !== undefined) touch(call, destination);
  return { moved_entities: moved, moved_projects: children.length };
}

/** What is archived stays where it was. */
function moveDocuments<T extends Stored & { project?: string }>(
  documents: Documents<T>,
  source: string,
  project: string | undefined,
): number {
  const all = [...documents.scan({ where: 'project = ?', parameters: [source] })];
  const moved = all.filter(({ system_tags: tags }) => !asTexts(tags).includes('archived'));
  for (const document of moved) documents.put({ ...document, project });
  return moved.length;
}

/** @throws ApiError 400/409 when a project would lie too deep */
function assertDepth(
  moved: readonly ProjectDocument[],
  oldParentDepth: number,
  newParentDepth: number,
): void {
  const deepest = Math.max(0, ...moved.map(({ name }) => depthOf(name)));
  if (deepest - oldParentDepth + newParentDepth > MAX_DEPTH)
    throw new ApiError('project_path_exceeds_max', { max_depth: MAX_DEPTH });
}

function place(call: Call, project: ProjectDocument, parent: ProjectDocument | undefined): number {
  const name = parent === undefined ? project.basename : `${parent.name}/${project.basename}`;
  return renameProject(call.server, project, name, { parent: parent?.id });
}

function touch({ server }: Call, { id }: ProjectDocument): void {
  const project = server.projects.find(id);
  if (project !== undefined) server.projects.put({ ...project, last_update: isoDate(server.now()) });
}
