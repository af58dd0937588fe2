import { ApiError } from '../api-error.js';
import type { ProjectDocument, ServerContext } from '../context.js';

/** Where projects without a place of their own come in an order by importance. */
const NOT_FEATURED = 9999;

/** @throws ApiError 400/401 */
export function projectOf(server: ServerContext, id: string): ProjectDocument {
  const project = server.projects.find(id);
  if (project === undefined) throw new ApiError('invalid_project_id', { id });
  return project;
}

/** Some projects and all that are below them. */
export function withProjectsBelow(server: ServerContext, ids: readonly string[]): Set<string> {
  return new Set([...ids, ...ids.flatMap((id) => projectsBelow(server, id).map((project) => project.id))]);
}

/** The projects below one, on all levels. */
export function projectsBelow(server: ServerContext, id: string): ProjectDocument[] {
  const top = server.projects.find(id);
  if (top === undefined) return [];
  const start = `${top.name}/`;
  return [...server.projects.scan()].filter(({ name }) => name.startsWith(start));
}

/** The ids of the projects above one, the topmost first. */
export function pathOf(server: ServerContext, { parent }: ProjectDocument): string[] {
  const above = parent === undefined ? undefined : server.projects.find(parent);
  return above === undefined ? [] : [...pathOf(server, above), above.id];
}

/** A project as queries see it. */
export function shownProject(server: ServerContext, project: ProjectDocument): ProjectDocument {
  return { featured: NOT_FEATURED, ...project, path: pathOf(server, project) };
}

/** A query of projects by `include_subprojects` is one of all that is below them, too. */
export function withSubprojects<Q extends { include_subprojects?: boolean; project?: unknown }>(
  server: ServerContext,
  query: Q,
): Q {
  const asked = query.project ?? undefined;
  if (!query.include_subprojects || asked === undefined) return query;
  const list = Array.isArray(asked) ? asked : [asked];
  const ids = list.filter((item) => typeof item === 'string');
  return { ...query, project: [...new Set([...list, ...withProjectsBelow(server, ids)])] };
}
