import { isApiError } from '../../api/errors.js';
import type { QueueRecord, QueuesApi } from '../../api/queues.js';
import { type NameLookup, resolveName } from '../../api/resolve-name.js';
import { AgentError, causeLine, isAgentError } from '../../errors.js';

export interface ResolvedQueue {
  id: string;
  name: string;
  tags: string[];
}

export interface QueueRequest {
  /** Names or ids as typed; empty: the server's default queue. */
  queues: readonly string[];
  /** Make a queue whose name is not known. */
  createQueues: boolean;
  /** Ends the retries of calls that the server fails. */
  signal?: AbortSignal;
}

/**
 * The queues that the user named, in the same order.
 *
 * @throws AgentError QUEUE_NOT_FOUND; USAGE for a name that no queue can have
 */
export async function resolveQueues(api: QueuesApi, request: QueueRequest): Promise<ResolvedQueue[]> {
  const ids: string[] = [];
  const call = request.signal === undefined ? {} : { signal: request.signal };
  for (const name of request.queues) ids.push(await resolveOne(api, name, { ...request, call }));
  if (ids.length === 0) ids.push(await defaultQueue(api));
  const known = await api.getAll({ id: ids, search_hidden: true }, call);
  return [...new Set(ids)].map((id) => describe(id, known));
}

async function resolveOne(
  api: QueuesApi,
  name: string,
  { createQueues, call }: QueueRequest & { call: { signal?: AbortSignal } },
): Promise<string> {
  const lookup: NameLookup = { kind: 'queue', getAll: (query, options) => api.getAll(query, options) };
  try {
    return await resolveName(name, lookup, call);
  } catch (error) {
    if (!createQueues || !isAgentError(error, 'QUEUE_NOT_FOUND')) throw withCreateHint(error);
    return createQueue(api, name);
  }
}

/** The server's own limit; it trims names. */
const SHORTEST_NAME = 3;

/** @throws AgentError USAGE for a name that the server does not take */
async function createQueue(api: QueuesApi, name: string): Promise<string> {
  const expected = `at least ${SHORTEST_NAME} characters`;
  if (name.trim().length < SHORTEST_NAME) throw badName(name, `a name needs ${expected}`);
  try {
    return await api.create({ name });
  } catch (error) {
    if (!isApiError(error, 400)) throw error;
    throw badName(name, causeLine(error), error);
  }
}

function badName(name: string, why: string, cause?: unknown): AgentError {
  return new AgentError('USAGE', `cannot create the queue "${name}": ${why}`, {
    hint: 'Name the queue otherwise, or an existing one.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function withCreateHint(error: unknown): unknown {
  if (!isAgentError(error, 'QUEUE_NOT_FOUND') || error.hint) return error;
  return new AgentError('QUEUE_NOT_FOUND', error.message, {
    hint: 'Create it in the web UI, or let --create-queue do it.',
    cause: error,
  });
}

/** A server without a marked default queue may still have one with that name. */
async function defaultQueue(api: QueuesApi): Promise<string> {
  try {
    return (await api.getDefault({ retry: 'bounded' })).id;
  } catch {
    return resolveOne(api, 'default', { queues: [], createQueues: false, call: {} });
  }
}

function describe(id: string, known: readonly QueueRecord[]): ResolvedQueue {
  const queue = known.find((one) => one.id === id);
  if (queue === undefined) throw new AgentError('QUEUE_NOT_FOUND', `there is no queue with the id ${id}`);
  return { id, name: queue.name ?? id, tags: queue.tags ?? [] };
}
