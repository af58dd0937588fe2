import { ApiError } from '../api-error.js';
import type { QueueDocument, ServerContext } from '../context.js';
import { parseDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint, waitingEndpoint } from '../endpoint.js';
import { asObjects, asTexts, type JsonObject } from '../json.js';
import { SEARCH, type SearchQuery, search } from '../query/search.js';
import { type Body, integer, json, required, text, texts, withDefault } from '../schema.js';
import { STATUS_FIELDS } from '../tasks/change-status.js';
import { countEntries, createQueue, defaultQueue, entriesOf, queueOf } from '../tasks/queue-entries.js';
import { QUEUE_WAIT_S } from '../versions.js';
import { liveWorkers } from '../workers/worker-store.js';
import { briefWorker } from '../workers/worker-view.js';
import { emptyQueue } from './queue-tasks.js';
import { addMetadata, deleteMetadata, metadataOf } from './shared-edits.js';
import { assertPeriod, PERIOD } from './worker-stats.js';

const queueDocuments = {
  documents: (server: ServerContext) => server.queues,
  missing: 'invalid_queue_id',
} as const;

const WRITABLE = { tags: texts, system_tags: texts, display_name: text, metadata: json } as const;
const QUEUE = { queue: required(text) } as const;
const CREATED = { ...WRITABLE, name: required(text) } as const;
const UPDATED = { ...WRITABLE, ...QUEUE, name: text } as const;
const REMOVED = { ...QUEUE, ...STATUS_FIELDS } as const;
/** The database counts rows in whole numbers. */
const ENTRIES = { ...integer, minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
const SHOWN = { ...QUEUE, max_task_entries: ENTRIES } as const;
const QUERY = { ...SEARCH, max_task_entries: ENTRIES } as const;
const LONGEST_WAIT = { ...integer, minimum: 0, maximum: QUEUE_WAIT_S };
const WAITED_FOR = {
  queues: required(texts),
  timeout_sec: withDefault(LONGEST_WAIT, QUEUE_WAIT_S),
} as const;
const METRICS = { ...PERIOD, queue_ids: texts } as const;

type Query = SearchQuery & Body<typeof QUERY>;

export const queueEndpoints: EndpointTable = {
  'queues.create': endpoint(CREATED, create),
  'queues.update': endpoint(UPDATED, update),
  'queues.delete': endpoint(REMOVED, remove),
  'queues.get_by_id': endpoint(SHOWN, getById),
  'queues.get_default': endpoint({}, getDefault),
  'queues.get_all': endpoint(QUERY, ({ server, body }) => find(server, body)),
  'queues.get_all_ex': endpoint(QUERY, getAllEx),
  'queues.add_or_update_metadata': addMetadata(queueDocuments, 'queue'),
  'queues.delete_metadata': deleteMetadata(queueDocuments, 'queue'),
  'queues.get_queue_metrics': endpoint(METRICS, getMetrics),
  'queues.wait_for_tasks': waitingEndpoint(WAITED_FOR, waitForTasks, queuesWithTasks),
  'queues.get_num_entries': endpoint(QUEUE, ({ server, body }) => ({
    num: countEntries(server, queueOf(server, body.queue).id),
  })),
};

function create(call: CallWith<typeof CREATED>): JsonObject {
  const { body, server, identity } = call;
  const { id } = createQueue(server, {
    name: body.name,
    company: identity.company,
    ...writable(call),
  });
  return { id };
}

function update(call: CallWith<typeof UPDATED>): JsonObject {
  const queue = queueOf(call.server, call.body.queue);
  const name = call.body.name?.trim();
  if (name !== undefined && name.length < 3) {
    throw new ApiError('data_validation_error', { name }, 'at least 3 characters are needed');
  }
  if (
    name !== undefined &&
    [...call.server.queues.scan()].some((q) => q.name === name && q.id !== queue.id)
  ) {
    throw new ApiError('expected_unique_data', { name });
  }
  const fields = { ...(name === undefined ? {} : { name }), ...writable(call) };
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  call.server.queues.put({ ...queue, ...fields });
  return { updated: 1, fields };
}

/** Fields that create and update share. */
function writable({ body }: CallWith<typeof WRITABLE>): Partial<QueueDocument> {
  return {
    ...(body.tags !== undefined ? { tags: body.tags.toSorted() } : {}),
    ...(body.system_tags !== undefined ? { system_tags: body.system_tags.toSorted() } : {}),
    ...(body.display_name !== undefined ? { display_name: body.display_name } : {}),
    ...(body.metadata !== undefined ? { metadata: metadataOf(body.metadata) } : {}),
  };
}

function remove(call: CallWith<typeof REMOVED>): JsonObject {
  const queue = queueOf(call.server, call.body.queue);
  const count = countEntries(call.server, queue.id);
  if (count > 0 && !call.body.force) throw new ApiError('queue_not_empty', { id: queue.id, entries: count });
  emptyQueue(call, queue, `Queue ${queue.id} was deleted`);
  call.server.queues.delete(queue.id);
  return { deleted: 1 };
}

function getById(call: CallWith<typeof SHOWN>): JsonObject {
  const { server, body } = call;
  const queue = queueOf(server, body.queue);
  const limit = body.max_task_entries;
  const entries = entriesOf(server, queue.id, limit);
  // The released server answers little else when it cuts the list.
  if (limit !== undefined)
    return { queue: { id: queue.id, tags: [], system_tags: [], metadata: {}, entries } };
  return { queue: { ...queue, entries } };
}

/** @throws ApiError 400/701 */
async function waitForTasks({ server, body }: CallWith<typeof WAITED_FOR>, gone: AbortSignal): Promise<void> {
  for (const queue of body.queues) queueOf(server, queue);
  await server.queueWaits.wait(body.queues, { ms: 1000 * body.timeout_sec, gone });
}

function queuesWithTasks({ server, body }: CallWith<typeof WAITED_FOR>): JsonObject {
  return { queues: body.queues.filter((queue) => countEntries(server, queue) > 0) };
}

function getDefault({ server }: Call): JsonObject {
  const { id, name } = defaultQueue(server);
  return { id, name };
}

/** Whole queues, whatever fields are asked for, with the names of their tasks and the workers that serve them. */
function getAllEx({ server, body }: Call<Query>): JsonObject {
  const { only_fields: _only, projection: _projection, ...query } = body;
  const { queues, ...scroll } = find(server, query);
  const workers = liveWorkers(server);
  const described = asObjects(queues).map((queue) => ({
    ...queue,
    company: { id: queue.company },
    entries: asObjects(queue.entries).map(({ task, added }) => ({
      task: named(server, String(task)),
      added,
    })),
    workers: workers
      .filter(({ worker }) => asTexts(worker.queues).includes(String(queue.id)))
      .map((owned) => briefWorker(server, owned)),
  }));
  return { queues: described, ...scroll };
}

function named(server: ServerContext, id: string): JsonObject {
  const task = server.tasks.find(id);
  return task === undefined ? { id } : { id, name: task.name };
}

function find(server: ServerContext, query: Query): JsonObject {
  const { max_task_entries: limit = -1 } = query;
  const { documents, scroll } = search(server, query, {
    joined: false,
    kind: 'queues',
    scan: (narrowing) => server.queues.scan(narrowing),
    find: (id) => server.queues.find(id),
    shown: (queue) => ({ ...queue, entries: entriesOf(server, queue.id, limit) }),
    hiddenTag: 'k8s-glue',
    revealedBy: (query) => (query.name ?? undefined) !== undefined,
  });
  return { queues: documents, ...scroll };
}

/** How long the queues are and how long their tasks have waited (seconds). No history is kept: it is one figure, of now. */
function getMetrics({ server, body }: CallWith<typeof METRICS>): JsonObject {
  assertPeriod(body);
  const { queue_ids: ids = [] } = body;
  const now = server.now();
  const queues = [...server.queues.scan()].filter(({ id }) => ids.length === 0 || ids.includes(id));
  const metrics = queues.map(({ id }) => {
    const waits = entriesOf(server, id).map(({ added }) => (now - (parseDate(added) ?? now)) / 1000);
    const average = waits.length === 0 ? 0 : waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    return { queue: id, dates: [now], avg_waiting_times: [average], queue_lengths: [waits.length] };
  });
  return { queues: metrics };
}
