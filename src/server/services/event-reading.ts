import { ApiError } from '../api-error.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { isEventType } from '../events/event-store.js';
import { eventPage, latestEvents } from '../events/metric-pages.js';
import type { JsonObject } from '../json.js';
import { flag, integer, json, listOf, object, oneOf, required, text, texts, withDefault } from '../schema.js';
import { taskOf } from '../tasks/task-document.js';

const EVENT_BATCH = 500;
const MAX_BATCH = 10_000;

const PAGE = {
  task: required(text),
  event_type: withDefault(text, 'log'),
  batch_size: withDefault(integer, EVENT_BATCH),
  order: oneOf(['asc', 'desc']),
  scroll_id: text,
} as const;

const PLOTS = {
  task: required(text),
  iters: withDefault(integer, 1),
  metrics: listOf(object({ metric: text })),
} as const;

const IMAGES = {
  metrics: required(listOf(object({ task: text, metric: text, variants: texts }))),
  iters: withDefault(integer, 1),
  scroll_id: json,
  refresh: flag,
} as const;

export const eventReadingEndpoints: EndpointTable = {
  'events.get_task_events': endpoint(PAGE, getTaskEvents),
  'events.clear_scroll': endpoint({ scroll_id: text }, () => ({})),
  'events.get_task_plots': endpoint(PLOTS, getTaskPlots),
  'events.debug_images': endpoint(IMAGES, debugImages),
};

function getTaskEvents({ server, body }: CallWith<typeof PAGE>): JsonObject {
  const task = taskOf(server, body.task);
  const type = body.event_type.replaceAll(' ', '_');
  if (!isEventType(type)) throw new ApiError('validation_error', { event_type: type }, 'unknown event type');
  const { events, total, scrollId } = eventPage(server.database, {
    task: task.id,
    type,
    size: bounded(body.batch_size, MAX_BATCH),
    descending: body.order === 'desc',
    scrollId: body.scroll_id,
  });
  return { events, returned: events.length, total, scroll_id: scrollId ?? null };
}

function getTaskPlots({ server, body }: CallWith<typeof PLOTS>): JsonObject {
  const task = taskOf(server, body.task);
  const asked = (body.metrics ?? []).map(({ metric }) => metric ?? '');
  const plots = latestEvents(server.database, {
    task: task.id,
    type: 'plot',
    iterations: Math.max(body.iters, 1),
    metrics: asked,
  });
  return { plots, returned: plots.length, total: plots.length };
}

/** Debug images by task and iteration, newest first; all come at once, so a scroll is at its end. */
function debugImages({ server, body }: CallWith<typeof IMAGES>): JsonObject {
  const done = body.scroll_id !== undefined && !body.refresh;
  const metrics = body.metrics.map(({ task, metric, variants }) => {
    const events = latestEvents(server.database, {
      task: task ?? '',
      type: 'training_debug_image',
      iterations: Math.max(body.iters, 1),
      metrics: metric === undefined ? [] : [metric],
      variants: variants ?? [],
    });
    return { task: task ?? '', iterations: done ? [] : byIteration(events) };
  });
  return { metrics, scroll_id: 'end' };
}

function byIteration(events: readonly JsonObject[]): JsonObject[] {
  const groups = new Map<number, JsonObject[]>();
  for (const event of events) {
    const iteration = Number(event.iter ?? 0);
    groups.set(iteration, [...(groups.get(iteration) ?? []), event]);
  }
  return [...groups].sort(([a], [b]) => b - a).map(([iter, group]) => ({ iter, events: group }));
}

function bounded(value: number, max: number): number {
  return Math.min(Math.max(value, 1), max);
}
