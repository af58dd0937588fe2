import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import type { QueueDocument } from '../context.js';
import type { JsonObject } from '../json.js';
import { search } from '../query/search.js';
import { QUEUE_FIELDS } from '../query/searchable.js';
import { countEntries, createQueue, defaultQueue, entriesOf, queueOf } from '../tasks/queue-entries.js';
import { emptyQueue } from './queue-tasks.js';

export const queueEndpoints: EndpointTable = {
  'queues.create': { handler: create, required: ['name'] },
  'queues.update': { handler: update, required: ['queue'] },
  'queues.delete': { handler: remove, required: ['queue'] },
  'queues.get_by_id': { handler: getById, required: ['queue'] },
  'queues.get_default': { handler: getDefault },
  'queues.get_all': { handler: (call) => find(call, false) },
  'queues.get_all_ex': { handler: (call) => find(call, true) },
  'queues.get_num_entries': {
    handler: ({ server, params }) => ({
      num: countEntries(server, queueOf(server, params.text('queue')).id),
    }),
    required: ['queue'],
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
  call.server.queues.put({ ...queue, ...fields });
  return { updated: 1, fields };
}

/** Fields that create and update share. */
function writable({ params }: Call): Partial<QueueDocument> {
  return {
    ...(params.has('tags') ? { tags: params.texts('tags').sort() } : {}),
    ...(params.has('system_tags') ? { system_tags: params.texts('system_tags').sort() } : {}),
    ...(params.has('display_name') ? { display_name: params.text('display_name') } : {}),
    ...(params.has('metadata') ? { metadata: params.object('metadata') } : {}),
  };
}

function remove(call: Call): JsonObject {
  const queue = queueOf(call.server, call.params.text('queue'));
  const count = countEntries(call.server, queue.id);
  if (count > 0 && !call.params.flag('force'))
    throw new ApiError('queue_not_empty', { id: queue.id, entries: count });
  emptyQueue(call, queue);
  call.server.queues.delete(queue.id);
  return { deleted: 1 };
}

function getById(call: Call): JsonObject {
  const { server, params } = call;
  const queue = queueOf(server, params.text('queue'));
  return {
    queue: { ...queue, entries: entriesOf(server, queue.id, params.integer('max_task_entries', -1)) },
  };
}

function getDefault({ server }: Call): JsonObject {
  const { id, name } = defaultQueue(server);
  return { id, name };
}

function find(call: Call, withId: boolean): JsonObject {
  const { server, params } = call;
  const limit = params.integer('max_task_entries', -1);
  const { documents, scroll } = search(server, params, {
    withId,
    fields: QUEUE_FIELDS,
    scan: (narrowing) => server.queues.scan(narrowing),
    find: (id) => server.queues.find(id),
    shown: (queue) => ({ ...queue, entries: entriesOf(server, queue.id, limit) }),
    isHidden: (queue) => queue.system_tags.includes('k8s-glue'),
    revealedBy: (query) => query.has('name'),
  });
  return { queues: documents, ...scroll };
}
