import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isoDate } from '../dates.js';
import { addEvent, deleteEvents, isEventType, type StoredEvent } from '../events/event-store.js';
import { lastIteration, withScalar } from '../events/last-metrics.js';
import type { Json, JsonObject } from '../json.js';
import { alive } from '../tasks/signs-of-life.js';
import { isLocked, type TaskDocument, taskOf } from '../tasks/task-document.js';

/** Who reported an event that does not say. */
const UNKNOWN_WORKER = '<unknown>';

export const eventWritingEndpoints: EndpointTable = {
  'events.add': { handler: addBatch },
  'events.add_batch': { handler: addBatch },
  'events.delete_for_task': { handler: deleteForTask, fields: { task: 'text!', allow_locked: 'flag' } },
};

/** Adds events. Each is taken or refused by itself; a bad one does not hold back the others. */
function addBatch(call: Call): JsonObject {
  if (call.batch.length === 0) throw new ApiError('batch_contains_no_items');
  const accepted = new Map<string, StoredEvent[]>();
  const errors = new Map<string, number>();
  const tasks = new Map<string, TaskDocument | undefined>();
  for (const item of call.batch) {
    const event = readEvent(call, item, tasks);
    if (typeof event === 'string') errors.set(event, (errors.get(event) ?? 0) + 1);
    else collect(accepted, event);
  }
  return store(call, accepted, errors, tasks);
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
  tasks: ReadonlyMap<string, TaskDocument | undefined>,
): JsonObject {
  let added = 0;
  for (const [id, events] of accepted) {
    for (const event of events) addEvent(call.server.database, event);
    added += events.length;
    const task = tasks.get(id);
    if (task !== undefined) call.server.tasks.put(afterEvents(task, events, call.server.now()));
  }
  const refused = [...errors.values()].reduce((sum, count) => sum + count, 0);
  const answer = { added, errors: refused, errors_info: Object.fromEntries(errors) };
  if (added === 0) throw new ApiError('events_not_added', answer);
  return answer;
}

function afterEvents(task: TaskDocument, events: readonly StoredEvent[], now: number): TaskDocument {
  const scalars = events.filter((event) => event.type === 'training_stats_scalar');
  return {
    ...alive(task, now),
    last_iteration: lastIteration(
      task.last_iteration,
      events.filter((event) => event.type !== 'log' || typeof event.body.iter === 'number'),
    ),
    last_metrics: scalars.reduce(withScalar, task.last_metrics),
  };
}

/** The event of an item, or the reason why it is refused. */
function readEvent(
  call: Call,
  item: JsonObject,
  tasks: Map<string, TaskDocument | undefined>,
): StoredEvent | string {
  const type = typeof item.type === 'string' ? item.type.replaceAll(' ', '_') : '';
  if (!isEventType(type)) return `Invalid event type ${type}`;
  const { task } = item;
  if (typeof task !== 'string' || task === '') return "Event must have a 'task' field";
  if (!tasks.has(task)) tasks.set(task, call.server.tasks.find(task));
  const owner = tasks.get(task);
  if (owner === undefined) return `Invalid task ids: ${task}`;
  if (isLocked(owner) && item.allow_locked !== true) return `Task is published: ${task}`;
  if (type === 'log' && item.model_event === true) return 'Log events cannot be model events';
  return storedEvent(call, { ...item, type, task }, { type, task });
}

function storedEvent(
  call: Call,
  item: JsonObject,
  identity: Pick<StoredEvent, 'type' | 'task'>,
): StoredEvent {
  const { method: _stray, allow_locked: _flag, model_event: _other, ...body } = item;
  const now = call.server.now();
  const timestamp = numeric(item.timestamp) ?? now;
  const iter = numeric(item.iter);
  const complete: JsonObject = {
    worker: call.worker === '' ? UNKNOWN_WORKER : call.worker,
    ...body,
    model_event: false,
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

function deleteForTask(call: Call): JsonObject {
  const { server, params } = call;
  const task = taskOf(server, params.text('task'));
  if (isLocked(task) && !params.flag('allow_locked')) throw new ApiError('invalid_task_id', { id: task.id });
  server.tasks.put({ ...task, last_iteration: 0, last_metrics: {} });
  return { deleted: deleteEvents(server.database, task.id) };
}
