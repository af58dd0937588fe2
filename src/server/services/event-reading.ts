import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { plotTree } from '../events/event-browsing.js';
import { type Owner, ownerOf } from '../events/event-owner.js';
import { EVENT_TYPES } from '../events/event-store.js';
import { METRIC_CHOICES, metricChoices } from '../events/metric-choice.js';
import { countEvents, eventPage, type LatestRequest, latestEvents } from '../events/metric-pages.js';
import type { JsonObject } from '../json.js';
import { type Body, flag, integer, oneOf, required, text, texts, withDefault } from '../schema.js';
import type { Database } from '../storage/database.js';
import { IMAGE_PAGES } from './event-browsing.js';

const EVENT_BATCH = 500;
const MAX_BATCH = 10_000;

const MODELS = { model_events: flag } as const;
const ITERS = { ...integer, minimum: 1 };

const PAGE = {
  ...MODELS,
  task: required(text),
  event_type: withDefault(oneOf([...EVENT_TYPES, 'all']), 'all'),
  batch_size: withDefault(integer, EVENT_BATCH),
  order: withDefault(oneOf(['asc', 'desc']), 'asc'),
  metrics: METRIC_CHOICES,
  count_total: withDefault(flag, true),
  scroll_id: text,
} as const;

const PLOTS = {
  ...MODELS,
  task: required(text),
  iters: withDefault(integer, 1),
  metrics: METRIC_CHOICES,
  scroll_id: text,
  no_scroll: flag,
} as const;

const PLOTS_OF_MANY = {
  ...MODELS,
  tasks: required(texts),
  iters: withDefault(integer, 1),
  metrics: METRIC_CHOICES,
  last_iters_per_task_metric: withDefault(flag, true),
  scroll_id: text,
  no_scroll: flag,
} as const;

const EARLY = { ...MODELS, task: required(text), iters: withDefault(ITERS, 1), scroll_id: text } as const;
const EARLY_OF_MANY = { tasks: required(texts), iters: withDefault(ITERS, 1), scroll_id: text } as const;

export const eventReadingEndpoints: EndpointTable = {
  'events.get_task_events': endpoint(PAGE, getTaskEvents),
  'events.clear_scroll': endpoint({ scroll_id: text }, () => ({}), { since: [2, 18] }),
  'events.get_task_plots': endpoint(PLOTS, getTaskPlots, {
    since: [1, 8],
    earlier: endpoint(EARLY, (call) => latestOf(call, 'plot')),
  }),
  'events.get_multi_task_plots': endpoint(PLOTS_OF_MANY, getPlotsOfMany, {
    since: [1, 8],
    earlier: endpoint(EARLY_OF_MANY, getPlotsOfMany),
  }),
  'events.debug_images': {
    ...IMAGE_PAGES,
    since: [2, 7],
    earlier: endpoint(EARLY, (call) => {
      const { plots, ...rest } = latestOf(call, 'training_debug_image');
      return { task: call.body.task, images: plots, ...rest };
    }),
  },
};

function owner({ server, body }: CallWith<typeof MODELS & { task: typeof PAGE.task }>): Owner {
  return ownerOf(server, body.task, body.model_events ?? false);
}

function getTaskEvents(call: CallWith<typeof PAGE>): JsonObject {
  const { server, body } = call;
  const { events, total, scrollId } = eventPage(server.database, {
    task: owner(call).document.id,
    type: body.event_type,
    size: Math.min(Math.max(body.batch_size, 1), MAX_BATCH),
    descending: body.order === 'desc',
    scrollId: body.scroll_id,
    metrics: metricChoices(body.metrics),
  });
  return {
    events,
    returned: events.length,
    total: body.count_total ? total : null,
    scroll_id: scrollId ?? null,
  };
}

/** The plots of the last iterations of each metric and variant. */
function getTaskPlots(call: CallWith<typeof PLOTS>): JsonObject {
  const { server, body } = call;
  const plots = latestEvents(server.database, {
    task: owner(call).document.id,
    type: 'plot',
    iterations: Math.max(body.iters, 1),
    choices: metricChoices(body.metrics),
  });
  return { plots, returned: plots.length, total: plots.length, scroll_id: null };
}

/** The same for early clients: newest iterations first. */
function latestOf(call: CallWith<typeof EARLY>, type: 'plot' | 'training_debug_image'): JsonObject {
  const { server, body } = call;
  const task = owner(call).document.id;
  const plots = latestEvents(server.database, { task, type, iterations: body.iters, choices: [] });
  plots.sort((a, b) => Number(b.iter ?? 0) - Number(a.iter ?? 0));
  const total = countEvents(server.database, task, type);
  return { plots, returned: plots.length, total, scroll_id: null };
}

type PlotsCall = Call<Body<typeof EARLY_OF_MANY> & Partial<Body<typeof PLOTS_OF_MANY>>>;

function getPlotsOfMany({ server, body }: PlotsCall): JsonObject {
  const owners = body.tasks.map((id) => ownerOf(server, id, body.model_events ?? false));
  const { last_iters_per_task_metric: perMetric } = body;
  const [plots, count] = plotsOfMany(server.database, owners, {
    iterations: Math.max(body.iters, 1),
    choices: metricChoices(body.metrics),
    ofWhole: perMetric === undefined ? 'variant' : perMetric ? 'metric' : 'task',
  });
  return { plots, returned: count, total: count, scroll_id: null };
}

/** The last plots of several owners as a tree, and how many there are. */
export function plotsOfMany(
  database: Database,
  owners: readonly Owner[],
  request: Pick<LatestRequest, 'iterations' | 'choices' | 'ofWhole'>,
): [JsonObject, number] {
  const plots = owners.flatMap(({ document: { id } }) =>
    latestEvents(database, { ...request, task: id, type: 'plot' }),
  );
  const names = new Map(owners.map(({ document: { id, name } }) => [id, name]));
  return [plotTree(plots, names), plots.length];
}
