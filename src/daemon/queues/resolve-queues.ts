import { API_PROBLEM, isApiError } from '../../api/errors.js';
import type { QueueRecord, QueuesApi } from '../../api/queues.js';
import { type NameLookup, resolveName } from '../../api/resolve-name.js';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import { isNumberLike, splitWeight, weightOf } from './weights.js';

export interface ResolvedQueue {
  id: string;
  name: string;
  tags: string[];
  /** Its share of the pulled tasks beside those of other queues, where given. */
  weight?: number;
  /** Its tasks that may run at once under this daemon, where limited. */
  limit?: number;
}

export interface QueueRequest {
  /** Names or ids as typed, with or without a weight; empty: the server's default queue. */
  queues: readonly string[];
  /** Make a queue whose name is not known. */
  createQueues: boolean;
  /** Ends the retries of calls that the server fails. */
  signal?: AbortSignal;
}

/** A queue of the server, or one that is still to be made. */
export type FoundQueue = Omit<ResolvedQueue, 'id'> & { id: string | undefined };

/**
 * The queues that the user named, in the same order; those that are missing are made.
 *
 * @throws AgentError as `findQueues` and `makeMissing` do
 */
export async function resolveQueues(api: QueuesApi, request: QueueRequest): Promise<ResolvedQueue[]> {
  return makeMissing(api, await findQueues(api, request), request);
}

/**
 * The queues that the user named, in the same order. `name:3` is the queue of this name, or else the queue `name` with the
 * weight 3. Nothing is made.
 *
 * @throws AgentError QUEUE_NOT_FOUND; USAGE for a name that no queue can have, a wrong weight, or a queue that is named twice
 */
export async function findQueues(api: QueuesApi, request: QueueRequest): Promise<FoundQueue[]> {
  const found: Found[] = [];
  const call = request.signal === undefined ? {} : { signal: request.signal };
  for (const text of request.queues) found.push(await resolveOne(api, text, { ...request, call }));
  if (found.length === 0) found.push({ id: await defaultQueue(api) });
  const queues = await described(api, found, call);
  const keys = queues.map(({ id, name }) => id ?? name);
  const twice = queues.find((_, at) => keys.indexOf(keys[at] ?? '') !== at);
  if (twice !== undefined) throw namedTwice(twice.name);
  return queues;
}

/**
 * Makes the queues that were not found.
 *
 * @throws AgentError USAGE for a name that the server does not take
 */
export async function makeMissing<Queue extends FoundQueue>(
  api: QueuesApi,
  queues: readonly Queue[],
  { signal }: Pick<QueueRequest, 'signal'>,
): Promise<(Queue & { id: string })[]> {
  const call = signal === undefined ? {} : { signal };
  const made: (Queue & { id: string })[] = [];
  for (const queue of queues) {
    const { id = await makeQueue(api, queue.name, call) } = queue;
    made.push({ ...queue, id });
  }
  return made;
}

/** A queue may be named by its name, its id and with a weight. */
export function namedTwice(name: string): AgentError {
  return new AgentError('USAGE', `--queue: "${name}" is named twice`, { hint: 'Name each queue once.' });
}

type Found = Pick<ResolvedQueue, 'weight'> & ({ id: string } | { missing: string });

type OneRequest = QueueRequest & { call: { signal?: AbortSignal } };

async function resolveOne(api: QueuesApi, text: string, request: OneRequest): Promise<Found> {
  const exact = await findQueue(api, text, request);
  if (typeof exact === 'string') return { id: exact };
  const parts = splitWeight(text);
  if (parts !== undefined && isNumberLike(parts.weight)) {
    const weight = weightOf(text, parts.weight);
    const named = await findQueue(api, parts.name, request);
    return typeof named === 'string'
      ? { id: named, weight }
      : { ...missing(named, parts.name, request), weight };
  }
  // A queue may be called "name:high". It is a mistyped weight where only "name" exists.
  if (parts !== undefined && !request.createQueues) {
    const named = await findQueue(api, parts.name, request);
    if (typeof named === 'string') return { id: named, weight: weightOf(text, parts.weight) };
  }
  return missing(exact, text, request);
}

/** The id of the queue, or the error that says that there is none. */
async function findQueue(
  api: QueuesApi,
  name: string,
  { call }: Pick<OneRequest, 'call'>,
): Promise<string | AgentError> {
  const lookup: NameLookup = { kind: 'queue', getAll: (query, options) => api.getAll(query, options) };
  try {
    return await resolveName(name, lookup, call);
  } catch (error) {
    if (isAgentError(error, 'QUEUE_NOT_FOUND')) return error;
    throw error;
  }
}

/** The server's own limit; it trims names. */
const SHORTEST_NAME = 3;

/** @throws AgentError QUEUE_NOT_FOUND where no queue is to be made, USAGE for a name that the server does not take */
function missing(error: AgentError, name: string, { createQueues }: OneRequest): { missing: string } {
  if (!createQueues) throw withCreateHint(error);
  const trimmed = name.trim();
  if (trimmed.length < SHORTEST_NAME)
    throw badName(name, `a name needs at least ${SHORTEST_NAME} characters`);
  return { missing: trimmed };
}

async function makeQueue(api: QueuesApi, name: string, call: OneRequest['call']): Promise<string> {
  try {
    return await api.create({ name });
  } catch (error) {
    // Daemons that start together make the same queue.
    const made = isApiError(error, ...API_PROBLEM.notUnique) ? await findQueue(api, name, { call }) : error;
    if (typeof made === 'string') return made;
    throw isApiError(error, 400) ? badName(name, causeLine(error), error) : error;
  }
}

function badName(name: string, why: string, cause?: unknown): AgentError {
  return new AgentError('USAGE', `cannot create the queue "${name}": ${why}`, {
    hint: 'Name the queue otherwise, or an existing one.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function withCreateHint(error: AgentError): AgentError {
  if (error.hint) return error;
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
    const found = await findQueue(api, 'default', { call: {} });
    if (typeof found === 'string') return found;
    throw withCreateHint(found);
  }
}

async function described(
  api: QueuesApi,
  found: readonly Found[],
  call: OneRequest['call'],
): Promise<FoundQueue[]> {
  const ids = found.flatMap((one) => ('id' in one ? [one.id] : []));
  const known = ids.length === 0 ? [] : await api.getAll({ id: ids, search_hidden: true }, call);
  return found.map((one) => describe(one, known));
}

function describe(found: Found, known: readonly QueueRecord[]): FoundQueue {
  const weight = found.weight === undefined ? {} : { weight: found.weight };
  if ('missing' in found) return { id: undefined, name: found.missing, tags: [], ...weight };
  const { id } = found;
  const queue = known.find((one) => one.id === id);
  if (queue === undefined) throw new AgentError('QUEUE_NOT_FOUND', `there is no queue with the id ${id}`);
  const { name = id, tags = [] } = queue;
  return { id, name, tags, ...weight };
}
