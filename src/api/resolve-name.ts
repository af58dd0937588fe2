import { AgentError } from '../errors.js';
import type { CallOptions } from './client.js';

/** Something on the server that users call by its name. */
interface Named {
  id: string;
  name?: string;
}

/** How one kind of things is looked up; `QueuesApi` and `TasksApi` fit `getAll`. */
export interface NameLookup {
  kind: 'queue' | 'task';
  getAll(
    query: { name: string; only_fields: string[]; search_hidden?: boolean },
    options?: CallOptions,
  ): Promise<Named[]>;
}

const NOT_FOUND = { queue: 'QUEUE_NOT_FOUND', task: 'TASK_NOT_FOUND' } as const;
const ID = /^[-a-f0-9]{30,}$/;
const MOST_SUGGESTIONS = 10;

/**
 * The id of a queue or task that is given by its id or its name. An id is taken as it is; a name is compared
 * without regard to case.
 *
 * @throws AgentError QUEUE_NOT_FOUND or TASK_NOT_FOUND: no such name, or several have it
 */
export async function resolveName(text: string, lookup: NameLookup, options?: CallOptions): Promise<string> {
  if (ID.test(text)) return text;
  const { kind } = lookup;
  const query = { name: escapeForServer(text), only_fields: ['name', 'id'], search_hidden: true };
  const found = await lookup.getAll(query, options);
  const exact = found.filter(({ name }) => name?.toLowerCase() === text.toLowerCase());
  const [only, ...others] = exact;
  if (only && others.length === 0) return only.id;
  if (only) {
    throw new AgentError(NOT_FOUND[kind], `${exact.length} ${kind}s are named "${text}"`, {
      hint: `Use the id of one of them: ${exact.map(({ id }) => id).join(', ')}.`,
    });
  }
  const similar = found.slice(0, MOST_SUGGESTIONS).map(({ name, id }) => `"${name ?? ''}" (${id})`);
  throw new AgentError(NOT_FOUND[kind], `could not find ${kind} with name or id "${text}"`, {
    ...(similar.length > 0 ? { hint: `Did you mean ${similar.join(', ')}?` } : {}),
  });
}

/** The server takes names as Python regular expressions; this is how Python's own escaping writes them. */
export function escapeForServer(text: string): string {
  return text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&');
}
