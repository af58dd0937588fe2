import type { Call } from '../endpoint.js';
import { countLines } from '../events/log/log-store.js';
import { countMetrics } from '../events/metric-store.js';
import { isObject, type JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';

/** From how many tasks, or events of a task, reads may take milliseconds. */
export interface LongReads {
  tasks: number;
  events: number;
}

export const LONG_READS: LongReads = { tasks: 2000, events: 2000 };

type Rule = (database: Database, body: JsonObject, from: LongReads) => boolean;

/** Calls that only read, and when that may take long. */
const RULES: Readonly<Record<string, Rule>> = {
  'tasks.get_all': isLongList,
  'tasks.get_all_ex': isLongList,
  'projects.get_all_ex': isLongList,
  'projects.get_hyper_parameters': hasManyTasks,
  'projects.get_hyperparam_values': hasManyTasks,
  'projects.get_task_tags': hasManyTasks,
  'projects.get_task_parents': hasManyTasks,
  'projects.get_unique_metric_variants': hasManyTasks,
  'projects.get_user_names': hasManyTasks,
  'organization.get_tags': hasManyTasks,
  'organization.get_entities_count': hasManyTasks,
  'events.get_task_log': hasManyEvents,
  'events.search_task_log': hasManyEvents,
  'events.get_task_events': hasManyEvents,
  'events.get_task_plots': hasManyEvents,
  'events.get_task_latest_scalar_values': hasManyEvents,
  'events.get_scalar_metrics_and_variants': hasManyEvents,
  'events.get_scalar_metric_data': hasManyEvents,
  'events.get_task_metrics': hasManyEvents,
  'events.get_multi_task_metrics': hasManyEvents,
  'events.get_multi_task_plots': hasManyEvents,
  'events.get_task_single_value_metrics': hasManyEvents,
  'events.scalar_metrics_iter_histogram': hasManyEvents,
  'events.scalar_metrics_iter_raw': hasManyEvents,
  'events.multi_task_scalar_metrics_iter_histogram': hasManyEvents,
};

/** Whether a call is better answered beside other requests than between them. */
export function isLongRead(name: string, { body, server }: Call): boolean {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  return rule !== undefined && isObject(body) && rule(server.database, body, server.longReads);
}

function hasManyTasks(database: Database, _body: JsonObject, { tasks }: LongReads): boolean {
  return Number(database.get('SELECT max(row) AS n FROM task_columns')?.n ?? 0) >= tasks;
}

/** Scrolls are kept by the server, and ids are found at once. */
function isLongList(database: Database, body: JsonObject, from: LongReads): boolean {
  return !('scroll_id' in body) && body.id === undefined && hasManyTasks(database, body, from);
}

function hasManyEvents(database: Database, body: JsonObject, { events }: LongReads): boolean {
  const owners = Array.isArray(body.tasks) ? body.tasks : [body.task];
  return owners.some((owner) => {
    const task = String(owner);
    return countLines(database, task) >= events || countMetrics(database, task) >= events;
  });
}
