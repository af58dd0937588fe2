import { type Call, type EndpointTable, endpoint } from '../endpoint.js';
import { beginBrowsing, nextPage } from '../events/event-browsing.js';
import { type Owner, ownerOf } from '../events/event-owner.js';
import { METRIC_CHOICES, metricChoices } from '../events/metric-choice.js';
import { asObjects, type JsonObject } from '../json.js';
import { withSubprojects } from '../projects/project-tree.js';
import { SEARCH, type SearchQuery } from '../query/search.js';
import { type Body, flag, integer, map, object, withDefault } from '../schema.js';
import { searchModels } from '../tasks/model-document.js';
import { searchTasks } from '../tasks/search-tasks.js';
import { plotsOfMany } from './event-reading.js';
import { CURVES, curveOptions, curvesOfMany, singleValuesOf } from './scalar-reading.js';

const EVENTS = { iters: withDefault({ ...integer, minimum: 1 }, 1), metrics: METRIC_CHOICES } as const;
const QUERY = {
  ...SEARCH,
  include_subprojects: flag,
  allow_public: flag,
  model_events: flag,
  debug_images: object(EVENTS),
  plots: object({ ...EVENTS, last_iters_per_task_metric: withDefault(flag, true) }),
  scalar_metrics_iter_histogram: object(CURVES),
  single_value_metrics: map,
} as const;

export const reportDataEndpoints: EndpointTable = {
  'reports.get_task_data': endpoint(QUERY, getTaskData),
};

/** Tasks (or models), and what the request names of their events. */
function getTaskData(call: Call<SearchQuery & Body<typeof QUERY>>): JsonObject {
  const { server } = call;
  const body = withSubprojects(server, call.body);
  const areModels = body.model_events ?? false;
  const { tasks, ...scroll } = areModels ? foundModels(call, body) : searchTasks(call, body, true);
  const owners = asObjects(tasks).map(({ id }) => ownerOf(server, String(id), areModels));
  return { tasks, ...scroll, ...dataOf(call, body, owners) };
}

function foundModels({ server }: Call, query: SearchQuery): JsonObject {
  const { documents, scroll } = searchModels(server, query, true);
  return { tasks: documents, ...scroll };
}

function dataOf(
  { server: { database } }: Call,
  body: Body<typeof QUERY>,
  owners: readonly Owner[],
): JsonObject {
  const {
    debug_images: images,
    plots,
    scalar_metrics_iter_histogram: curves,
    single_value_metrics: values,
  } = body;
  const type = 'training_debug_image';
  return {
    ...(images === undefined
      ? {}
      : {
          debug_images: owners.map(({ document: { id: task } }) => {
            const browsing = beginBrowsing(database, type, task, metricChoices(images.metrics));
            const request = { type, iterations: images.iters, earlier: true } as const;
            return { task, iterations: nextPage(database, browsing, request) };
          }),
        }),
    ...(plots === undefined
      ? {}
      : {
          plots: plotsOfMany(database, owners, {
            iterations: plots.iters,
            choices: metricChoices(plots.metrics),
            ofWhole: plots.last_iters_per_task_metric ? 'metric' : 'task',
          })[0],
        }),
    ...(curves === undefined
      ? {}
      : { scalar_metrics_iter_histogram: curvesOfMany(database, owners, curveOptions({ body: curves })) }),
    ...(values === undefined ? {} : { single_value_metrics: singleValuesOf(database, owners, []) }),
  };
}
