import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { batchEndpoint, type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { findOwner, forgetEvents, isClosed, noteEvents, type Owner, ownerOf } from '../events/event-owner.js';
import { addEvent, deleteEvents, isEventType, type StoredEvent } from '../events/event-store.js';
import type { Json, JsonObject } from '../json.js';
import { flag, required, text } from '../schema.js';

/** Who reported an event that does not say. */
const UNKNOWN_WORKER = '<unknown>';

const LOCKED = { allow_locked: flag } as const;

export const eventWritingEndpoints: EndpointTable = {
  'events.add': batchEndpoint({}, addBatch),
  'events.add_batch': batchEndpoint({}, addBatch),
  'events.delete_for_task': endpoint({ task: required(text), ...LOCKED }, (call) =>
    deleteEventsOf(call, call.body.task, false),
  ),
  'events.delete_for_model': endpoint({ model: required(text), ...LOCKED }, (call) =>
    deleteEventsOf(call, call.body.model, true),
  ),
};

/** Adds events. Each is taken or refused by itself; a bad one does not hold back the others. */
function addBatch(call: Call<readonly JsonObject[]>): JsonObject {
  const accepted = new Map<string, StoredEvent[]>();
  const errors = new Map<string, number>();
  const owners = new Map<string, Owner | undefined>();
  for (const item of call.body) {
    const event = readEvent(call, item, owners);
    if (typeof event === 'string') errors.set(event, (errors.get(event) ?? 0) + 1);
    else collect(accepted, event);
  }
  return store(call, accepted, errors, owners);
}

function collect(accepted: Map<string, StoredEvent[]>, event: StoredEvent): void {
  const list = accepted.get(event.task);
  if (list === undefined) accepted.set(event.task, [event]);
  else list.push(event);
}

function store(
  call: Call,
  accepted: ReadonlyMap<string, StoredEvent[]>,
  errors: ReadonlyMap<string, number>,
  owners: ReadonlyMap<string, Owner | undefined>,
): JsonObject {
  let added = 0;
  for (const [id, events] of accepted) {
    for (const event of events) addEvent(call.server.database, event);
    added += events.length;
    const owner = owners.get(id);
    if (owner !== undefined) noteEvents(call.server, owner, events);
  }
  const refused = [...errors.values()].reduce((sum, count) => sum + count, 0);
  const answer = { added, errors: refused, errors_info: Object.fromEntries(errors) };
  if (added === 0) throw new ApiError('events_not_added', answer);
  return answer;
}

/** The event of an item, or the reason why it is refused. */
function readEvent(
  call: Call,
  item: JsonObject,
  owners: Map<string, Owner | undefined>,
): StoredEvent | string {
  const type = typeof item.type === 'string' ? item.type.replaceAll(' ', '_') : '';
  if (!isEventType(type)) return `Invalid event type ${type}`;
  const { task } = item;
  if (typeof task !== 'string' || task === '') return "Event must have a 'task' field";
  const isModel = item.model_event === true;
  if (isModel && type === 'log') return 'Log events cannot be model events';
  if (!owners.has(task)) owners.set(task, findOwner(call.server, task, isModel));
  const owner = owners.get(task);
  if (owner === undefined) return `Invalid task ids: ${task}`;
  if (isClosed(owner) && item.allow_locked !== true) return `Task is published: ${task}`;
  return storedEvent(call, { ...item, type, task }, { type, task });
}

function storedEvent(
  call: Call,
  item: JsonObject,
  identity: Pick<StoredEvent, 'type' | 'task'>,
): StoredEvent {
  const { method: _stray, allow_locked: _flag, model_event, ...body } = item;
  const now = call.server.now();
  const timestamp = numeric(item.timestamp) ?? now;
  const iter = numeric(item.iter);
  const complete: JsonObject = {
    worker: call.worker === '' ? UNKNOWN_WORKER : call.worker,
    ...body,
    model_event: model_event === true,
    timestamp: Math.trunc(timestamp),
    metric: textOf(item.metric),
    variant: textOf(item.variant),
    '@timestamp': isoDate(now),
    ...(iter === undefined ? {} : { iter: Math.trunc(iter) }),
  };
  return {
    ...identity,
    timestamp: Math.trunc(timestamp),
    metric: textOf(item.metric),
    variant: textOf(item.variant),
    iter: Math.trunc(iter ?? 0),
    key: textOf(item.key),
    value: numeric(item.value) ?? null,
    body: complete,
  };
}

function numeric(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function textOf(value: Json | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}

function deleteEventsOf(call: CallWith<typeof LOCKED>, id: string, isModel: boolean): JsonObject {
  const { server, body } = call;
  const owner = ownerOf(server, id, isModel);
  if (isClosed(owner) && !body.allow_locked)
    throw new ApiError(isModel ? 'invalid_model_id' : 'invalid_task_id', { id });
  forgetEvents(server, owner);
  return { deleted: deleteEvents(server.database, id) };
}
