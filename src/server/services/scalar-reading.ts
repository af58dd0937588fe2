import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { type Owner, ownerOf } from '../events/event-owner.js';
import { EVENT_TYPES } from '../events/event-store.js';
import { METRIC_CHOICES, metricChoices } from '../events/metric-choice.js';
import { latestEvents } from '../events/metric-pages.js';
import { type CurveRequest, scalarCurves } from '../events/scalar-curves.js';
import {
  iteratedMetrics,
  latestPoints,
  metricNames,
  pointsOf,
  type ScalarPoint,
  scalarEvents,
  singleValues,
} from '../events/scalar-points.js';
import { asObject, asTexts, type JsonObject } from '../json.js';
import type { FieldTable } from '../request-fields.js';

const AXES = ['iter', 'timestamp', 'iso_time'] as const;
const CURVES: FieldTable = {
  key: AXES,
  samples: 'integer',
  metrics: METRIC_CHOICES,
  model_events: 'flag',
};
const TYPES = [...EVENT_TYPES, 'all'];
const MANY: FieldTable = { tasks: 'texts!', model_events: 'flag' };

/** Scalars that tasks and models reported. */
export const scalarReadingEndpoints: EndpointTable = {
  'events.scalar_metrics_iter_histogram': { handler: getCurves, fields: { task: 'text!', ...CURVES } },
  'events.multi_task_scalar_metrics_iter_histogram': {
    handler: getCurvesOfMany,
    fields: { tasks: 'texts!', ...CURVES },
  },
  'events.scalar_metrics_iter_raw': {
    handler: getRaw,
    fields: {
      task: 'text!',
      metric: { fields: { metric: 'text!', variants: 'texts' } },
      key: AXES,
      count_total: 'flag',
    },
  },
  'events.get_task_single_value_metrics': {
    handler: getSingleValues,
    fields: { ...MANY, metrics: METRIC_CHOICES },
  },
  'events.get_task_latest_scalar_values': { handler: getLatest, fields: { task: 'text!' } },
  'events.get_scalar_metrics_and_variants': { handler: getNames, fields: { task: 'text!' } },
  'events.get_scalar_metric_data': { handler: getEvents, fields: { task: 'text!', metric: 'text!' } },
  'events.get_task_metrics': { handler: getMetrics, fields: { ...MANY, event_type: TYPES } },
  'events.get_multi_task_metrics': { handler: getMetricsOfMany, fields: { ...MANY, event_type: TYPES } },
  'events.vector_metrics_iter_histogram': {
    handler: getVectors,
    fields: { task: 'text!', metric: 'text!', variant: 'text!' },
  },
};

const SAMPLES = 2000;
const MAX_SAMPLES = 6000;

function owner({ server, params }: Call, id = params.text('task')): Owner {
  return ownerOf(server, id, params.flag('model_events'));
}

function owners(call: Call): Owner[] {
  return call.params.texts('tasks').map((id) => owner(call, id));
}

function getCurves(call: Call): JsonObject {
  return scalarCurves(call.server.database, { task: owner(call).document.id, ...curveOptions(call) });
}

/** Curves of several owners: `{metric: {variant: {id: {name, x, y}}}}`. */
function getCurvesOfMany(call: Call): JsonObject {
  const combined = new Map<string, Map<string, JsonObject>>();
  for (const { document } of owners(call)) {
    const curves = scalarCurves(call.server.database, { task: document.id, ...curveOptions(call) });
    for (const [metric, variants] of Object.entries(curves)) {
      const ofMetric = combined.get(metric) ?? new Map<string, JsonObject>();
      combined.set(metric, ofMetric);
      for (const [variant, curve] of Object.entries(asObject(variants))) {
        const named = { ...asObject(curve), name: document.name };
        ofMetric.set(variant, { ...ofMetric.get(variant), [document.id]: named });
      }
    }
  }
  const metrics = [...combined].map(([metric, variants]) => [metric, Object.fromEntries(variants)]);
  return { metrics: Object.fromEntries(metrics) };
}

function curveOptions({ params }: Call): Omit<CurveRequest, 'task'> {
  const samples = params.integer('samples', SAMPLES);
  if (samples < 1 || samples > MAX_SAMPLES)
    throw new ApiError('validation_error', { samples }, `expected 1 to ${MAX_SAMPLES}`);
  const axis = AXES.find((each) => each === params.optionalText('key')) ?? 'iter';
  return { samples, axis, metrics: metricChoices(params.objects('metrics')) };
}

/** Every point of a metric, at once: a scroll is at its end. */
function getRaw(call: Call): JsonObject {
  const { server, params } = call;
  if (!params.has('metric'))
    throw new ApiError('validation_error', { field: 'metric' }, 'the field is required');
  const [choice] = metricChoices([params.object('metric')]);
  const key = params.optionalText('key') === 'timestamp' ? 'timestamp' : 'iter';
  const { variants: wanted = [] } = choice ?? {};
  const points = pointsOf(server.database, owner(call).document.id, choice?.metric ?? '').filter(
    ({ variant }) => wanted.length === 0 || wanted.includes(variant),
  );
  const variants = [...byVariant(points)].map(([variant, all]) => [
    variant,
    { y: all.map(({ value }) => value), [key]: all.map((point) => point[key]) },
  ]);
  const total = params.flag('count_total') ? points.length : null;
  return { returned: points.length, total, scroll_id: null, variants: Object.fromEntries(variants) };
}

function byVariant(points: readonly ScalarPoint[]): Map<string, ScalarPoint[]> {
  const groups = new Map<string, ScalarPoint[]>();
  for (const point of points) groups.set(point.variant, [...(groups.get(point.variant) ?? []), point]);
  return groups;
}

/** Owners without such values are left out. */
function getSingleValues(call: Call): JsonObject {
  const choices = metricChoices(call.params.objects('metrics'));
  const tasks = owners(call).map(({ document }) => ({
    task: document.id,
    task_name: document.name,
    values: singleValues(call.server.database, document.id, choices).map(
      ({ metric, variant, value, timestamp }) => ({ metric, variant, value, timestamp }),
    ),
  }));
  return { tasks: tasks.filter(({ values }) => values.length > 0) };
}

/** The last value of each metric and variant. The released server gives it as that of the last ten, too. */
function getLatest(call: Call): JsonObject {
  const { document } = owner(call);
  const points = latestPoints(call.server.database, document.id);
  const metrics = new Map<string, JsonObject[]>();
  for (const metric of new Set(points.map((point) => point.metric))) {
    const variants = byVariant(points.filter((point) => point.metric === metric));
    metrics.set(
      metric,
      [...variants].map(([name, [last]]) => ({
        name,
        last_value: last?.value,
        last_10_value: last?.value,
      })),
    );
  }
  return {
    metrics: [...metrics].map(([name, variants]) => ({ name, variants })),
    last_iter: document.last_iteration,
    name: null,
    status: document.status,
    last_timestamp: points.reduce((last, point) => Math.max(last, point.timestamp), 0),
  };
}

function getNames(call: Call): JsonObject {
  const names = metricNames(call.server.database, owner(call).document.id, 'training_stats_scalar');
  return { metrics: Object.fromEntries(names) };
}

function getEvents(call: Call): JsonObject {
  const events = scalarEvents(call.server.database, owner(call).document.id, call.params.text('metric'));
  return { events, returned: events.length, total: events.length, scroll_id: null };
}

/** The metrics of each owner that have iterations. */
function getMetrics(call: Call): JsonObject {
  const type = call.params.text('event_type');
  const metrics = owners(call).map(({ document: { id } }) => ({
    task: id,
    metrics: iteratedMetrics(call.server.database, id, type),
  }));
  return { metrics };
}

/** The metrics and variants of all owners together. */
function getMetricsOfMany(call: Call): JsonObject {
  const asked = call.params.optionalText('event_type');
  const all = new Map<string, Set<string>>();
  for (const { document } of owners(call)) {
    const names = metricNames(call.server.database, document.id, asked === 'all' ? undefined : asked);
    for (const [metric, variants] of names)
      all.set(metric, new Set([...(all.get(metric) ?? []), ...variants]));
  }
  return { metrics: [...all].map(([metric, variants]) => ({ metric, variants: [...variants].sort() })) };
}

function getVectors(call: Call): JsonObject {
  const { params, server } = call;
  const metric = params.text('metric');
  const variant = params.text('variant');
  const events = latestEvents(server.database, {
    task: owner(call).document.id,
    type: 'training_stats_vector',
    iterations: MAX_SAMPLES,
    metrics: [metric],
    variants: asTexts([variant]),
  }).reverse();
  return {
    metric,
    variant,
    vectors: events.map(({ values }) => values ?? []),
    iterations: events.map(({ iter }) => Number(iter)),
  };
}
