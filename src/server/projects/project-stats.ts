import type { ServerContext } from '../context.js';
import { parseDate } from '../dates.js';
import { asObject, asTexts, type Json, type JsonObject, shownText } from '../json.js';
import { predicateOf } from '../query/predicate.js';
import { SEARCHABLE } from '../query/searchable.js';
import { TASK_STATUSES } from '../tasks/status-machine.js';
import type { TaskDocument } from '../tasks/task-document.js';

const DAY_MS = 24 * 3600 * 1000;
/** Statuses in which a task with an end is not one that was completed. */
const NOT_COMPLETED = ['queued', 'in_progress', 'failed'];

/** Which tasks and models are counted. */
export interface StatsChoice {
  /** Lists of values by field, as in queries. */
  filter: JsonObject;
  /** Empty: of all users. */
  users: readonly string[];
}

/** Counts and times of the tasks of some projects that are not archived. */
export function taskStats(
  server: ServerContext,
  projects: ReadonlySet<string>,
  choice: StatsChoice,
): JsonObject {
  const { system_tags: tags = [], ...filter } = choice.filter;
  const others = (Array.isArray(tags) ? tags : []).filter((tag) => !/^-?archived$/.test(shownText(tag)));
  const tasks = chosen(server, 'tasks', projects, {
    ...choice,
    filter: { ...filter, system_tags: [...others, '-archived'] },
  });
  const counts = TASK_STATUSES.map((status) => [
    status,
    tasks.filter((task) => task.status === status).length,
  ]);
  const starts = tasks.flatMap(({ started }) => started ?? []).sort();
  const since = server.now() - DAY_MS;
  return {
    status_count: Object.fromEntries(counts),
    total_tasks: tasks.length,
    total_runtime: tasks.reduce((sum, task) => sum + runtimeOf(task), 0),
    completed_tasks_24h: tasks.filter((task) => isCompletedSince(task, since)).length,
    last_task_run: starts.at(-1) ?? null,
  };
}

/** How many tasks and models lie in a project itself; archived ones only if the filter names them. */
export function ownContents(server: ServerContext, project: string, choice: StatsChoice): JsonObject {
  const tags = asTexts(choice.filter.system_tags);
  const named = tags.includes('archived') || tags.includes('-archived');
  const filter = named ? choice.filter : { ...choice.filter, system_tags: ['-archived', ...tags] };
  const count = (kind: 'tasks' | 'models') =>
    chosen(server, kind, new Set([project]), { ...choice, filter }).length;
  return { own_tasks: count('tasks'), own_models: count('models') };
}

/** The size of the data set that a project is; null for one without tasks that tell. */
export function datasetStats(server: ServerContext, project: string, users: readonly string[]): Json {
  const tasks = chosen(server, 'tasks', new Set([project]), { filter: { system_tags: ['-archived'] }, users })
    .filter(({ runtime }) => Object.keys(runtime).length > 0)
    .sort((a, b) => ((a.last_update ?? '') < (b.last_update ?? '') ? -1 : 1));
  const last = tasks.at(-1);
  if (last === undefined) return null;
  const { ds_file_count: files, ds_total_size: size } = asObject(last.runtime);
  return { file_count: files ?? 0, total_size: size ?? 0 };
}

function chosen<K extends 'tasks' | 'models'>(
  server: ServerContext,
  kind: K,
  projects: ReadonlySet<string>,
  { filter, users }: StatsChoice,
): (K extends 'tasks' ? TaskDocument : JsonObject)[] {
  const lists = Object.entries(filter).filter(([, value]) => Array.isArray(value));
  const others = Object.entries(filter).filter(([, value]) => !Array.isArray(value));
  const query = { ...Object.fromEntries(lists), filters: Object.fromEntries(others) };
  const matches = predicateOf(query, SEARCHABLE[kind], server.patterns);
  const where = 'project IN (SELECT value FROM json_each(?))';
  const found: JsonObject[] = [];
  for (const document of server[kind].scan({ where, parameters: [JSON.stringify([...projects])] })) {
    const isUsers = users.length === 0 || users.includes(String(document.user));
    if (isUsers && matches(document)) found.push(document);
  }
  return found as (K extends 'tasks' ? TaskDocument : JsonObject)[];
}

/** Whole seconds between start and end. */
function runtimeOf({ started, completed }: TaskDocument): number {
  const from = parseDate(started ?? '');
  const to = parseDate(completed ?? '');
  return from === undefined || to === undefined || to <= from ? 0 : Math.floor((to - from) / 1000);
}

function isCompletedSince({ status, completed }: TaskDocument, since: number): boolean {
  const end = parseDate(completed ?? '');
  return end !== undefined && end > since && !NOT_COMPLETED.includes(status);
}
