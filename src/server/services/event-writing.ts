import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { batchEndpoint, type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { findOwner, forgetEvents, isClosed, noteEvents, type Owner, ownerOf } from '../events/event-owner.js';
import {
  addEvents,
  deleteEvents,
  type EventType,
  isEventType,
  type StoredEvent,
} from '../events/event-store.js';
import { type Json, type JsonObject, setField, shownText } from '../json.js';
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
  assertConsistent(call.body);
  for (const item of call.body) {
    const event = readEvent(call, item, owners);
    if (typeof event === 'string') errors.set(event, (errors.get(event) ?? 0) + 1);
    else collect(accepted, event);
  }
  return store(call, accepted, errors, owners);
}

/** @throws ApiError 400/12 when events of one owner differ in whether it may be locked, or is a model */
function assertConsistent(items: readonly JsonObject[]): void {
  const seen = new Map<string, [boolean, boolean]>();
  for (const item of items) {
    const isModel = item.model_event === true;
    const id = isModel ? (item.model ?? item.task) : item.task;
    if (typeof id !== 'string' || id === '') continue;
    const isLocked = item.allow_locked === true;
    const [model, locked] = seen.get(id) ?? [isModel, isLocked];
    if (model !== isModel) throw new ApiError('validation_error', { id }, 'inconsistent model_event');
    if (locked !== isLocked) throw new ApiError('validation_error', { id }, 'inconsistent allow_locked');
    seen.set(id, [isModel, isLocked]);
  }
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
    addEvents(call.server.database, id, events, call.server.now());
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
  if (item.type === undefined || item.type === null) return "Event must have a 'type' field";
  const type = shownText(item.type).replaceAll(' ', '_');
  if (!isEventType(type)) return `Invalid event type ${type}`;
  const isModel = item.model_event === true;
  if (isModel && type === 'log') return 'Task log events are not supported for models';
  const task = isModel ? (item.model ?? item.task) : item.task;
  if (typeof task !== 'string' || task === '') return "Event must have a 'task' field";
  if (!owners.has(task)) owners.set(task, findOwner(call.server, task, isModel));
  const owner = owners.get(task);
  if (owner === undefined || (isClosed(owner) && item.allow_locked !== true))
    return `Invalid ${isModel ? 'model' : 'task'} id ${task}`;
  const wrong = wrongField(item, type);
  if (wrong !== undefined) return wrong;
  const iter = numeric(item.iter);
  if (iter !== undefined && !Number.isSafeInteger(Math.trunc(iter)))
    return `Iteration number should not exceed ${Number.MAX_SAFE_INTEGER}`;
  return storedEvent(call, item, { type, task });
}

const TEXT_FIELDS = ['metric', 'variant', 'key', 'worker', 'level', 'msg', 'url', 'plot_str'] as const;
const TIME_FIELDS = ['timestamp', 'ts'] as const;

/** What is wrong with the type of a field; what is `null` is not there. */
function wrongField(item: JsonObject, type: EventType): string | undefined {
  const text = TEXT_FIELDS.find((name) => typeof (item[name] ?? '') === 'object');
  if (text !== undefined) return `Field '${text}' must be a text`;
  const time = TIME_FIELDS.find((name) => !Number.isSafeInteger(Math.trunc(numeric(item[name] ?? 0) ?? NaN)));
  if (time !== undefined) return `Field '${time}' must be a number of milliseconds`;
  if (numeric(item.iter ?? 0) === undefined) return "Field 'iter' must be a number";
  const isScalar = type === 'training_stats_scalar';
  if (isScalar && numeric(item.values ?? item.value ?? 0) === undefined)
    return "Field 'value' must be a number";
  return undefined;
}

/** Fields that say how an event is taken, and are no part of it; `model` is that of a model's event. */
const INSTRUCTIONS = new Set(['method', 'allow_locked', 'x_axis_label', 'ts', 'values', 'model']);

/** Fields are set one by one: a batch has thousands of events, and copies of them take most of its time. */
function storedEvent(
  call: Call,
  item: JsonObject,
  identity: Pick<StoredEvent, 'type' | 'task'>,
): StoredEvent {
  const { type, task } = identity;
  const isModel = item.model_event === true;
  const now = call.server.now();
  const timestamp = Math.trunc(numeric(item.ts) ?? numeric(item.timestamp) ?? now);
  const iter = numeric(item.iter);
  const { plot_str: plot } = item;
  const metric = textOf(item.metric);
  const variant = textOf(item.variant);
  const body: JsonObject = { worker: call.worker === '' ? UNKNOWN_WORKER : call.worker };
  for (const name of Object.keys(item)) if (!INSTRUCTIONS.has(name)) setField(body, name, item[name]);
  if (!isModel && item.model !== undefined) body.model = item.model;
  body.type = type;
  body.task = task;
  if (item.values !== undefined) body.value = item.values;
  body.model_event = isModel;
  body.timestamp = timestamp;
  body.metric = metric;
  body.variant = variant;
  body['@timestamp'] = isoDate(now);
  if (iter !== undefined) body.iter = Math.trunc(iter);
  if (type === 'plot' && typeof plot === 'string') body.plot_len = plot.length;
  const key = textOf(item.key);
  const value = numeric(item.value) ?? null;
  return { type, task, timestamp, metric, variant, iter: Math.trunc(iter ?? 0), key, value, body };
}

function numeric(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function textOf(value: Json | undefined): string {
  return value === undefined || value === null ? '' : shownText(value);
}

function deleteEventsOf(call: CallWith<typeof LOCKED>, id: string, isModel: boolean): JsonObject {
  const { server, body } = call;
  const owner = ownerOf(server, id, isModel);
  if (isClosed(owner) && !body.allow_locked)
    throw new ApiError(isModel ? 'invalid_model_id' : 'invalid_task_id', { id });
  forgetEvents(server, owner);
  return { deleted: deleteEvents(server.database, id) };
}
