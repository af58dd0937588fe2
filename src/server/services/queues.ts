import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import type { QueueDocument, ServerContext } from '../context.js';
import { parseDate } from '../dates.js';
import { asObjects, asTexts, type JsonObject } from '../json.js';
import { Params } from '../params.js';
import { search } from '../query/search.js';
import { countEntries, createQueue, defaultQueue, entriesOf, queueOf } from '../tasks/queue-entries.js';
import { liveWorkers } from '../workers/worker-store.js';
import { briefWorker } from '../workers/worker-view.js';
import { emptyQueue } from './queue-tasks.js';
import { addMetadata, deleteMetadata, metadataOf } from './shared-edits.js';
import { assertPeriod } from './worker-stats.js';

const queueDocuments = {
  documents: (server: ServerContext) => server.queues,
  missing: 'invalid_queue_id',
} as const;

export const queueEndpoints: EndpointTable = {
  'queues.create': { handler: create, fields: { name: 'text!', tags: 'texts', system_tags: 'texts' } },
  'queues.update': {
    handler: update,
    fields: { queue: 'text!', name: 'text', tags: 'texts', system_tags: 'texts' },
  },
  'queues.delete': { handler: remove, fields: { queue: 'text!', force: 'flag' } },
  'queues.get_by_id': { handler: getById, fields: { queue: 'text!', max_task_entries: 'integer' } },
  'queues.get_default': { handler: getDefault },
  'queues.get_all': { handler: getAll },
  'queues.get_all_ex': { handler: getAllEx },
  'queues.add_or_update_metadata': addMetadata(queueDocuments, 'queue'),
  'queues.delete_metadata': deleteMetadata(queueDocuments, 'queue'),
  'queues.get_queue_metrics': {
    handler: getMetrics,
    fields: { queue_ids: 'texts', from_date: 'number!', to_date: 'number!', interval: 'integer!' },
  },
  'queues.get_num_entries': {
    handler: ({ server, params }) => ({
      num: countEntries(server, queueOf(server, params.text('queue')).id),
    }),
    fields: { queue: 'text!' },
  },
};

function create(call: Call): JsonObject {
  const { params, server, identity } = call;
  const { id } = createQueue(server, {
    name: params.text('name'),
    company: identity.company,
    ...writable(call),
  });
  return { id };
}

function update(call: Call): JsonObject {
  const queue = queueOf(call.server, call.params.text('queue'));
  const name = call.params.optionalText('name')?.trim();
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
function writable({ params }: Call): Partial<QueueDocument> {
  return {
    ...(params.has('tags') ? { tags: params.texts('tags').sort() } : {}),
    ...(params.has('system_tags') ? { system_tags: params.texts('system_tags').sort() } : {}),
    ...(params.has('display_name') ? { display_name: params.text('display_name') } : {}),
    ...(params.has('metadata') ? { metadata: metadataOf(params.value('metadata')) } : {}),
  };
}

function remove(call: Call): JsonObject {
  const queue = queueOf(call.server, call.params.text('queue'));
  const count = countEntries(call.server, queue.id);
  if (count > 0 && !call.params.flag('force'))
    throw new ApiError('queue_not_empty', { id: queue.id, entries: count });
  emptyQueue(call, queue, `Queue ${queue.id} was deleted`);
  call.server.queues.delete(queue.id);
  return { deleted: 1 };
}

function getById(call: Call): JsonObject {
  const { server, params } = call;
  const queue = queueOf(server, params.text('queue'));
  const limit = params.optionalInteger('max_task_entries');
  const entries = entriesOf(server, queue.id, limit);
  // The released server answers little else when it cuts the list.
  if (limit !== undefined)
    return { queue: { id: queue.id, tags: [], system_tags: [], metadata: {}, entries } };
  return { queue: { ...queue, entries } };
}

function getDefault({ server }: Call): JsonObject {
  const { id, name } = defaultQueue(server);
  return { id, name };
}

function getAll({ server, params }: Call): JsonObject {
  return find(server, params);
}

/** Whole queues, whatever fields are asked for, with the names of their tasks and the workers that serve them. */
function getAllEx({ server, params }: Call): JsonObject {
  const { only_fields: _only, projection: _projection, ...query } = params.fields;
  const { queues, ...scroll } = find(server, new Params(query));
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

function find(server: ServerContext, params: Params): JsonObject {
  const limit = params.integer('max_task_entries', -1);
  const { documents, scroll } = search(server, params, {
    joined: false,
    kind: 'queues',
    scan: (narrowing) => server.queues.scan(narrowing),
    find: (id) => server.queues.find(id),
    shown: (queue) => ({ ...queue, entries: entriesOf(server, queue.id, limit) }),
    isHidden: (queue) => queue.system_tags.includes('k8s-glue'),
    revealedBy: (query) => query.has('name'),
  });
  return { queues: documents, ...scroll };
}

/** How long the queues are and how long their tasks have waited (seconds). No history is kept: it is one figure, of now. */
function getMetrics({ server, params }: Call): JsonObject {
  assertPeriod(params);
  const ids = params.texts('queue_ids');
  const now = server.now();
  const queues = [...server.queues.scan()].filter(({ id }) => ids.length === 0 || ids.includes(id));
  const metrics = queues.map(({ id }) => {
    const waits = entriesOf(server, id).map(({ added }) => (now - (parseDate(added) ?? now)) / 1000);
    const average = waits.length === 0 ? 0 : waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    return { queue: id, dates: [now], avg_waiting_times: [average], queue_lengths: [waits.length] };
  });
  return { queues: metrics };
}
