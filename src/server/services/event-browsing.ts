import { ApiError } from '../api-error.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { type BrowsedType, beginBrowsing, nextPage } from '../events/event-browsing.js';
import { ownerOf } from '../events/event-owner.js';
import { nextSample, rangeOf, type SampleView, sampleAt, sampleRanges } from '../events/event-samples.js';
import type { JsonObject } from '../json.js';
import { flag, integer, listOf, object, required, text, texts, withDefault } from '../schema.js';

const PAGES = {
  metrics: required(listOf(object({ task: required(text), metric: text, variants: texts }))),
  iters: withDefault({ ...integer, minimum: 1 }, 1),
  navigate_earlier: withDefault(flag, true),
  refresh: flag,
  scroll_id: text,
  model_events: flag,
} as const;

const SAMPLE = {
  task: required(text),
  metric: required(text),
  iteration: integer,
  refresh: flag,
  scroll_id: text,
  navigate_current_metric: withDefault(flag, true),
  model_events: flag,
} as const;

const NEXT = {
  task: required(text),
  scroll_id: text,
  navigate_earlier: withDefault(flag, true),
  next_iteration: flag,
  model_events: flag,
} as const;

/** Debug images and plots by iteration: pages of them, or one sample after the other. */
export const eventBrowsingEndpoints: EndpointTable = {
  'events.plots': endpoint(PAGES, (call) => getPage(call, 'plot')),
  'events.get_debug_image_sample': endpoint(
    { ...SAMPLE, variant: required(text) },
    (call) => getSample(call, 'training_debug_image', call.body.variant),
    { since: [2, 12] },
  ),
  'events.next_debug_image_sample': endpoint(NEXT, (call) => getNext(call, 'training_debug_image'), {
    since: [2, 12],
  }),
  'events.get_plot_sample': endpoint(SAMPLE, (call) => getSample(call, 'plot')),
  'events.next_plot_sample': endpoint(NEXT, (call) => getNext(call, 'plot')),
};

export const IMAGE_PAGES = endpoint(PAGES, (call) => getPage(call, 'training_debug_image'));

function getPage({ server, body }: CallWith<typeof PAGES>, type: BrowsedType): JsonObject {
  const tasks = [...new Set(body.metrics.map(({ task }) => task))];
  for (const task of tasks) ownerOf(server, task, body.model_events ?? false);
  const known = server.browsing.get(body.scroll_id);
  const browsing = known === undefined || body.refresh ? tasks.map(begin) : known;
  const scroll = known === undefined ? server.browsing.keep(browsing) : (body.scroll_id ?? '');
  // A refreshed list keeps its id.
  if (known !== undefined && known !== browsing) known.splice(0, known.length, ...browsing);
  const { iters: iterations, navigate_earlier: earlier } = body;
  const metrics = (known ?? browsing).map((each) => ({
    task: each.task,
    iterations: nextPage(server.database, each, { type, iterations, earlier }),
  }));
  return { metrics, scroll_id: scroll };

  function begin(task: string) {
    const asked = body.metrics.filter((each) => each.task === task);
    const all = asked.some(({ metric }) => metric === undefined);
    const choices = all ? [] : asked.map(({ metric = '', variants = [] }) => ({ metric, variants }));
    return beginBrowsing(server.database, type, task, choices);
  }
}

function getSample(call: CallWith<typeof SAMPLE>, type: BrowsedType, variant?: string): JsonObject {
  const { server, body } = call;
  const { task, metric, navigate_current_metric: staysInMetric } = body;
  ownerOf(server, task, body.model_events ?? false);
  const known = server.samples.get(body.scroll_id);
  const isOther =
    known !== undefined &&
    (known.type !== type ||
      known.task !== task ||
      known.staysInMetric !== staysInMetric ||
      (staysInMetric && known.metric !== metric));
  if (isOther) throw new ApiError('invalid_scroll_id', { scroll_id: body.scroll_id });
  const fresh = { type, task, metric, staysInMetric };
  const view: SampleView = known ?? { ...fresh, ranges: [] };
  if (known === undefined || body.refresh) view.ranges = sampleRanges(server.database, fresh);
  const scroll = known === undefined ? server.samples.keep(view) : body.scroll_id;
  const asked = { ...view, metric, ...(variant === undefined ? {} : { variant }) };
  return answer(view, sampleAt(server.database, asked, body.iteration), scroll, rangeOf(asked));
}

function getNext({ server, body }: CallWith<typeof NEXT>, type: BrowsedType): JsonObject {
  ownerOf(server, body.task, body.model_events ?? false);
  const { scroll_id: scroll, navigate_earlier: earlier, next_iteration: nextIteration = false } = body;
  const view = server.samples.get(scroll);
  if (view?.task !== body.task || view.type !== type)
    throw new ApiError('invalid_scroll_id', { scroll_id: scroll ?? null });
  return answer(view, nextSample(server.database, view, { earlier, nextIteration }), scroll, undefined);
}

/** Where events were found, the view moves there. */
function answer(
  view: SampleView,
  events: JsonObject[],
  scroll: string | undefined,
  asked: ReturnType<typeof rangeOf>,
): JsonObject {
  const [first] = events;
  if (first !== undefined) {
    view.metric = String(first.metric);
    view.iteration = Number(first.iter);
    if (view.type !== 'plot') view.variant = String(first.variant);
  }
  const range = first === undefined ? asked : rangeOf(view);
  return {
    scroll_id: scroll ?? null,
    ...(view.type === 'plot' ? { events } : { event: first ?? null }),
    min_iteration: range?.min ?? null,
    max_iteration: range?.max ?? null,
  };
}
