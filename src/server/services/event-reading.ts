import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isEventType } from '../events/event-store.js';
import { eventPage, latestEvents } from '../events/metric-pages.js';
import { asText, asTexts, type JsonObject } from '../json.js';
import { taskOf } from '../tasks/task-document.js';

const ORDERS = ['asc', 'desc'] as const;

export const eventReadingEndpoints: EndpointTable = {
  'events.get_task_events': {
    handler: getTaskEvents,
    fields: { task: 'text!', batch_size: 'integer', order: ORDERS, scroll_id: 'text' },
  },
  'events.clear_scroll': { handler: () => ({}), fields: { scroll_id: 'text' } },
  'events.get_task_plots': { handler: getTaskPlots, fields: { task: 'text!', iters: 'integer' } },
  'events.debug_images': { handler: debugImages, fields: { metrics: 'objects!', iters: 'integer' } },
};

const EVENT_BATCH = 500;
const MAX_BATCH = 10_000;

function getTaskEvents({ server, params }: Call): JsonObject {
  const task = taskOf(server, params.text('task'));
  const type = (params.optionalText('event_type') ?? 'log').replaceAll(' ', '_');
  if (!isEventType(type)) throw new ApiError('validation_error', { event_type: type }, 'unknown event type');
  const { events, total, scrollId } = eventPage(server.database, {
    task: task.id,
    type,
    size: bounded(params.integer('batch_size', EVENT_BATCH), MAX_BATCH),
    descending: params.optionalText('order') === 'desc',
    scrollId: params.optionalText('scroll_id'),
  });
  return { events, returned: events.length, total, scroll_id: scrollId ?? null };
}

function getTaskPlots({ server, params }: Call): JsonObject {
  const task = taskOf(server, params.text('task'));
  const asked = params.objects('metrics').map(({ metric }) => asText(metric) ?? '');
  const plots = latestEvents(server.database, {
    task: task.id,
    type: 'plot',
    iterations: Math.max(params.integer('iters', 1), 1),
    metrics: asked,
  });
  return { plots, returned: plots.length, total: plots.length };
}

/** Debug images by task and iteration, newest first; all come at once, so a scroll is at its end. */
function debugImages({ server, params }: Call): JsonObject {
  const done = params.has('scroll_id') && !params.flag('refresh');
  const metrics = params.objects('metrics').map(({ task, metric, variants }) => {
    const events = latestEvents(server.database, {
      task: asText(task) ?? '',
      type: 'training_debug_image',
      iterations: Math.max(params.integer('iters', 1), 1),
      metrics: asTexts([metric ?? null]),
      variants: asTexts(variants),
    });
    return { task: asText(task) ?? '', iterations: done ? [] : byIteration(events) };
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
