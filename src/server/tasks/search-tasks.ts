import type { Call } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { type SearchQuery, search } from '../query/search.js';
import { withLegacyFields } from './legacy-fields.js';
import { shownTask } from './task-document.js';

/** Answers a query of tasks. @param joined as `get_all_ex` does */
export function searchTasks({ server, version }: Call, query: SearchQuery, joined: boolean): JsonObject {
  const { documents, scroll } = search(server, query, {
    joined,
    kind: 'tasks',
    scan: (narrowing) => server.tasks.scan(narrowing),
    find: (id) => server.tasks.find(id),
    shown: (task) => withLegacyFields(shownTask(task), version),
    hiddenTag: 'hidden',
    hasColumns: true,
  });
  return { tasks: documents, ...scroll };
}
