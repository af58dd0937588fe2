import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { type Owner, ownerOf } from '../events/event-owner.js';
import { EVENT_TYPES, type EventType } from '../events/event-store.js';
import { METRIC_CHOICE, METRIC_CHOICES, type MetricChoice, metricChoices } from '../events/metric-choice.js';
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
import { asObject, type JsonObject } from '../json.js';
import { flag, integer, oneOf, required, text, texts, withDefault } from '../schema.js';
import type { Database } from '../storage/database.js';

const AXES = ['iter', 'timestamp', 'iso_time'] as const;
const SAMPLES = 2000;
const MAX_SAMPLES = 6000;

const OWNER = { model_events: flag } as const;
const ONE = { ...OWNER, task: required(text) } as const;
const MANY = { ...OWNER, tasks: required(texts) } as const;
export const CURVES = {
  key: withDefault(oneOf(AXES), 'iter'),
  samples: withDefault({ ...integer, minimum: 1, maximum: MAX_SAMPLES }, SAMPLES),
  metrics: METRIC_CHOICES,
} as const;
const CURVES_OF_ONE = { ...ONE, ...CURVES } as const;
const CURVES_OF_MANY = { ...MANY, ...CURVES } as const;
const RAW = { ...ONE, metric: required(METRIC_CHOICE), key: oneOf(AXES), count_total: flag } as const;
const SINGLE = { ...MANY, metrics: METRIC_CHOICES } as const;
const METRIC = { ...ONE, metric: required(text) } as const;
const TYPED = { ...MANY, event_type: oneOf([...EVENT_TYPES, 'all']) } as const;
const TYPED_REQUIRED = { ...MANY, event_type: required(oneOf([...EVENT_TYPES, 'all'])) } as const;
const VECTOR = { ...METRIC, variant: required(text) } as const;

/** Scalars that tasks and models reported. */
export const scalarReadingEndpoints: EndpointTable = {
  'events.scalar_metrics_iter_histogram': endpoint(CURVES_OF_ONE, getCurves),
  'events.multi_task_scalar_metrics_iter_histogram': endpoint(CURVES_OF_MANY, (call) => ({
    metrics: curvesOfMany(call.server.database, owners(call), curveOptions(call)),
  })),
  'events.scalar_metrics_iter_raw': endpoint(RAW, getRaw, { since: [2, 16] }),
  'events.get_task_single_value_metrics': endpoint(SINGLE, (call) => ({
    tasks: singleValuesOf(call.server.database, owners(call), metricChoices(call.body.metrics)),
  })),
  'events.get_task_latest_scalar_values': endpoint(ONE, getLatest),
  'events.get_scalar_metrics_and_variants': endpoint(ONE, (call) => getNames(call, 'training_stats_scalar')),
  'events.get_scalar_metric_data': endpoint(METRIC, getEvents),
  'events.get_task_metrics': endpoint(TYPED_REQUIRED, getMetrics),
  'events.get_multi_task_metrics': endpoint(TYPED, getMetricsOfMany),
  'events.vector_metrics_iter_histogram': endpoint(VECTOR, getVectors),
  'events.get_vector_metrics_and_variants': endpoint(ONE, (call) => getNames(call, 'training_stats_vector')),
};

function owner({ server, body }: CallWith<typeof ONE>): Owner {
  return ownerOf(server, body.task, body.model_events ?? false);
}

function owners({ server, body }: CallWith<typeof MANY>): Owner[] {
  return body.tasks.map((id) => ownerOf(server, id, body.model_events ?? false));
}

function getCurves(call: CallWith<typeof CURVES_OF_ONE>): JsonObject {
  return scalarCurves(call.server.database, { task: owner(call).document.id, ...curveOptions(call) });
}

/** Curves of several owners: `{metric: {variant: {id: {name, x, y}}}}`. */
export function curvesOfMany(
  database: Database,
  owners: readonly Owner[],
  options: Omit<CurveRequest, 'task'>,
): JsonObject {
  const combined = new Map<string, Map<string, JsonObject>>();
  for (const { document } of owners) {
    const curves = scalarCurves(database, { task: document.id, ...options });
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
  return Object.fromEntries(metrics);
}

export function curveOptions({ body }: Pick<CallWith<typeof CURVES>, 'body'>): Omit<CurveRequest, 'task'> {
  return { samples: body.samples, axis: body.key, metrics: metricChoices(body.metrics) };
}

/** Every point of a metric, at once: a scroll is at its end. */
function getRaw(call: CallWith<typeof RAW>): JsonObject {
  const { server, body } = call;
  const key = body.key === 'timestamp' ? 'timestamp' : 'iter';
  const { metric, variants: wanted = [] } = body.metric;
  const points = pointsOf(server.database, owner(call).document.id, metric).filter(
    ({ variant }) => wanted.length === 0 || wanted.includes(variant),
  );
  const variants = [...byVariant(points)].map(([variant, all]) => [
    variant,
    { y: all.map(({ value }) => value), [key]: all.map((point) => point[key]) },
  ]);
  const total = body.count_total ? points.length : null;
  return { returned: points.length, total, scroll_id: null, variants: Object.fromEntries(variants) };
}

function byVariant(points: readonly ScalarPoint[]): Map<string, ScalarPoint[]> {
  const groups = new Map<string, ScalarPoint[]>();
  for (const point of points) groups.set(point.variant, [...(groups.get(point.variant) ?? []), point]);
  return groups;
}

/** Owners without such values are left out. */
export function singleValuesOf(
  database: Database,
  owners: readonly Owner[],
  choices: readonly MetricChoice[],
): JsonObject[] {
  const tasks = owners.map(({ document }) => ({
    task: document.id,
    task_name: document.name,
    values: singleValues(database, document.id, choices).map(({ metric, variant, value, timestamp }) => ({
      metric,
      variant,
      value,
      timestamp,
    })),
  }));
  return tasks.filter(({ values }) => values.length > 0);
}

/** The last value of each metric and variant. The released server gives it as that of the last ten, too. */
function getLatest(call: CallWith<typeof ONE>): JsonObject {
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

function getNames(call: CallWith<typeof ONE>, type: EventType): JsonObject {
  const names = metricNames(call.server.database, owner(call).document.id, type);
  return { metrics: Object.fromEntries(names) };
}

function getEvents(call: CallWith<typeof METRIC>): JsonObject {
  const events = scalarEvents(call.server.database, owner(call).document.id, call.body.metric);
  return { events, returned: events.length, total: events.length, scroll_id: null };
}

/** The metrics of each owner that have iterations. */
function getMetrics(call: CallWith<typeof TYPED_REQUIRED>): JsonObject {
  const type = call.body.event_type;
  const metrics = owners(call).map(({ document: { id } }) => ({
    task: id,
    metrics: iteratedMetrics(call.server.database, id, type),
  }));
  return { metrics };
}

/** The metrics and variants of all owners together. */
function getMetricsOfMany(call: CallWith<typeof TYPED>): JsonObject {
  const asked = call.body.event_type;
  const all = new Map<string, Set<string>>();
  for (const { document } of owners(call)) {
    const names = metricNames(call.server.database, document.id, asked === 'all' ? undefined : asked);
    for (const [metric, variants] of names)
      all.set(metric, new Set([...(all.get(metric) ?? []), ...variants]));
  }
  return { metrics: [...all].map(([metric, variants]) => ({ metric, variants: [...variants].sort() })) };
}

function getVectors(call: CallWith<typeof VECTOR>): JsonObject {
  const { body, server } = call;
  const { metric, variant } = body;
  const events = latestEvents(server.database, {
    task: owner(call).document.id,
    type: 'training_stats_vector',
    iterations: MAX_SAMPLES,
    choices: [{ metric, variants: [variant] }],
  }).reverse();
  return {
    metric,
    variant,
    vectors: events.map(({ value, values }) => value ?? values ?? []),
    iterations: events.map(({ iter }) => Number(iter)),
  };
}
