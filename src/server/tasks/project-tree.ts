import type { ServerContext } from '../context.js';

/** Some projects and all that are below them. */
export function withProjectsBelow(server: ServerContext, ids: readonly string[]): Set<string> {
  const all = new Set(ids);
  const paths = ids.flatMap((id) => server.projects.find(id)?.name ?? []);
  for (const project of server.projects.scan()) {
    if (paths.some((path) => project.name.startsWith(`${path}/`))) all.add(project.id);
  }
  return all;
}
