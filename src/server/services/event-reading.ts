import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isEventType, SINGLE_VALUE_ITERATION } from '../events/event-store.js';
import { eventPage, latestEvents } from '../events/metric-pages.js';
import { scalarCurves } from '../events/scalar-curves.js';
import { asObject, asText, asTexts, type JsonObject } from '../json.js';
import { taskOf } from '../tasks/task-document.js';

const ORDERS = ['asc', 'desc'] as const;

export const eventReadingEndpoints: EndpointTable = {
  'events.get_task_events': {
    handler: getTaskEvents,
    fields: { task: 'text!', batch_size: 'integer', order: ORDERS, scroll_id: 'text' },
  },
  'events.clear_scroll': { handler: () => ({}), fields: { scroll_id: 'text' } },
  'events.get_task_metrics': { handler: getTaskMetrics, fields: { tasks: 'texts!' } },
  'events.get_task_plots': { handler: getTaskPlots, fields: { task: 'text!', iters: 'integer' } },
  'events.debug_images': { handler: debugImages, fields: { metrics: 'objects!', iters: 'integer' } },
  'events.scalar_metrics_iter_histogram': { handler: getCurves, fields: { task: 'text!' } },
  'events.multi_task_scalar_metrics_iter_histogram': {
    handler: getCurvesOfMany,
    fields: { tasks: 'texts!' },
  },
  'events.get_task_single_value_metrics': { handler: getSingleValues, fields: { tasks: 'texts!' } },
};

const EVENT_BATCH = 500;
const MAX_BATCH = 10_000;
const SAMPLES = 2000;
const MAX_SAMPLES = 6000;

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

function getTaskMetrics({ server, params }: Call): JsonObject {
  const type = (params.optionalText('event_type') ?? 'training_stats_scalar').replaceAll(' ', '_');
  const sql = 'SELECT DISTINCT metric FROM metric_events WHERE task = ? AND type = ? ORDER BY metric';
  const metrics = params.texts('tasks').map((task) => ({
    task,
    metrics: server.database.all(sql, task, type).map((row) => String(row.metric)),
  }));
  return { metrics };
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

function getCurves(call: Call): JsonObject {
  const task = taskOf(call.server, call.params.text('task'));
  return scalarCurves(call.server.database, { task: task.id, ...curveOptions(call) });
}

/** Curves of several tasks: `{metric: {variant: {task: {name, x, y}}}}`. */
function getCurvesOfMany(call: Call): JsonObject {
  const combined = new Map<string, Map<string, JsonObject>>();
  for (const id of call.params.texts('tasks')) {
    const task = taskOf(call.server, id);
    const curves = scalarCurves(call.server.database, { task: id, ...curveOptions(call) });
    for (const [metric, variants] of Object.entries(curves)) {
      const ofMetric = combined.get(metric) ?? new Map<string, JsonObject>();
      combined.set(metric, ofMetric);
      for (const [variant, curve] of Object.entries(asObject(variants))) {
        ofMetric.set(variant, { ...ofMetric.get(variant), [id]: { ...asObject(curve), name: task.name } });
      }
    }
  }
  return Object.fromEntries(
    [...combined].map(([metric, variants]) => [metric, Object.fromEntries(variants)]),
  );
}

function curveOptions({ params }: Call): { samples: number; axis: 'iter' | 'timestamp' | 'iso_time' } {
  const axis = params.optionalText('key') ?? 'iter';
  if (axis !== 'iter' && axis !== 'timestamp' && axis !== 'iso_time') {
    throw new ApiError('validation_error', { key: axis }, 'expected iter, timestamp or iso_time');
  }
  return { samples: bounded(params.integer('samples', SAMPLES), MAX_SAMPLES), axis };
}

function getSingleValues({ server, params }: Call): JsonObject {
  const sql = `SELECT metric, variant, value, timestamp FROM metric_events
    WHERE task = ? AND type = 'training_stats_scalar' AND iter = ? AND value IS NOT NULL ORDER BY metric, variant`;
  const tasks = params.texts('tasks').map((task) => ({
    task,
    values: server.database.all(sql, task, SINGLE_VALUE_ITERATION).map((row) => ({
      metric: String(row.metric),
      variant: String(row.variant),
      value: Number(row.value),
      timestamp: Number(row.timestamp),
    })),
  }));
  return { tasks };
}

function bounded(value: number, max: number): number {
  return Math.min(Math.max(value, 1), max);
}
