import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asTexts, type JsonObject } from '../json.js';
import { HIDDEN_NAMES, projectForName } from '../projects/project-names.js';
import { projectOf, withSubprojects } from '../projects/project-tree.js';
import { SEARCH, type SearchQuery } from '../query/search.js';
import { type Body, flag, nullableText, required, text, texts, withDefault } from '../schema.js';
import { changeStatus, type Written } from '../tasks/change-status.js';
import { newTask } from '../tasks/new-task.js';
import { searchTasks } from '../tasks/search-tasks.js';
import { type TaskDocument, taskOf } from '../tasks/task-document.js';

const NAME = { ...text, minLength: 3 };
const TEXTS = { tags: texts, comment: text, report: text, report_assets: texts } as const;
const TASK = { task: required(text) } as const;
const CREATED = { ...TEXTS, name: required(NAME), project: text } as const;
const UPDATED = { ...TEXTS, ...TASK, name: NAME } as const;
const MOVED = { ...TASK, project: nullableText, project_name: text } as const;
const MESSAGE = { ...TASK, message: withDefault(text, '') } as const;
const QUERY = { ...SEARCH, include_subprojects: flag, allow_public: flag } as const;

/** Reports: hidden tasks in hidden projects below those that they are about. */
export const reportEndpoints: EndpointTable = {
  'reports.create': endpoint(CREATED, create),
  'reports.update': endpoint(UPDATED, update),
  'reports.move': endpoint(MOVED, move),
  'reports.publish': endpoint(MESSAGE, publish),
  'reports.archive': endpoint(MESSAGE, (call) => {
    tag(call, (tags) => [...new Set([...tags, 'archived'])].sort());
    return { archived: 1 };
  }),
  'reports.unarchive': endpoint(MESSAGE, (call) => {
    tag(call, (tags) => tags.filter((each) => each !== 'archived'));
    return { unarchived: 1 };
  }),
  'reports.delete': endpoint({ ...TASK, force: flag }, remove),
  'reports.get_all_ex': endpoint(QUERY, find),
  'reports.get_tags': endpoint({}, getTags),
};

/** @throws ApiError 400/101, 150 */
function reportOf({ server, body }: CallWith<typeof TASK>): TaskDocument {
  const task = taskOf(server, body.task);
  if (task.type !== 'report') throw new ApiError('operation_supported_on_reports_only', { id: task.id });
  return task;
}

/** The id of the project for the reports about another one; an empty name: about all. */
function reportsProject(call: Call, name: string): string {
  const clean = name.replace(/^\/+|\/+$/g, '');
  const isReports = clean.split('/').at(-1) === HIDDEN_NAMES.reports;
  const fields = { description: 'Reports project', system_tags: ['hidden', 'reports'] };
  return projectForName(call, isReports ? clean : `${clean}/${HIDDEN_NAMES.reports}`, fields).id;
}

function create(call: CallWith<typeof CREATED>): JsonObject {
  const { server, body } = call;
  const about = body.project === undefined ? undefined : projectOf(server, body.project);
  const project = reportsProject(call, about?.name ?? '');
  const { name, comment, tags = [] } = body;
  // The released server takes the text with `reports.update` only.
  const task = newTask(call, {
    name,
    type: 'report',
    project,
    tags: tags.toSorted(),
    system_tags: ['hidden', 'reports'],
    ...(comment === undefined ? {} : { comment }),
  });
  server.tasks.put(task);
  return { id: task.id, project_id: project };
}

const SHOWN_LENGTH = 100;
/** What may change in a published report, too. */
const FREE_FIELDS: readonly string[] = ['tags', 'name', 'comment'];

function update(call: CallWith<typeof UPDATED>): JsonObject {
  const task = reportOf(call);
  const { name, tags, comment, report, report_assets } = call.body;
  const given = Object.entries({ name, tags: tags?.toSorted(), comment, report, report_assets });
  const fields = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  const isFree = Object.keys(fields).every((field) => FREE_FIELDS.includes(field));
  if (task.status !== 'created' && !isFree)
    throw new ApiError('invalid_task_status', { expected: 'created', status: task.status });
  put(call, task, { ...fields, last_update: isoDate(call.server.now()) });
  return {
    updated: 1,
    fields: { ...fields, ...(report === undefined ? {} : { report: shortened(report) }) },
  };
}

/** Whole words up to the length, as the released server answers the text. */
function shortened(report: string): string {
  const words = report.split(/\s+/).filter(Boolean);
  const whole = words.join(' ');
  if (whole.length <= SHOWN_LENGTH) return whole;
  const mark = ' [...]';
  let kept = '';
  for (const word of words) {
    const longer = kept === '' ? word : `${kept} ${word}`;
    if (longer.length + mark.length > SHOWN_LENGTH) break;
    kept = longer;
  }
  return kept === '' ? mark.trim() : `${kept}${mark}`;
}

function move(call: CallWith<typeof MOVED>): JsonObject {
  const { server, body } = call;
  if (body.project === undefined && body.project_name === undefined)
    throw new ApiError('missing_required_fields', {}, 'project or project_name');
  const task = reportOf(call);
  const about = body.project_name ?? (body.project ? projectOf(server, body.project).name : '');
  const project = reportsProject(call, about);
  put(call, task, { project });
  forgetEmptyProject(call, task.project);
  return { project_id: project };
}

function publish(call: CallWith<typeof MESSAGE>): Written {
  return changeStatus(call.server, reportOf(call), {
    to: 'published',
    reason: '',
    message: call.body.message,
    force: true,
    fields: { published: isoDate(call.server.now()) },
    by: call.identity.user,
  });
}

function tag(call: CallWith<typeof MESSAGE>, change: (tags: string[]) => string[]): void {
  const task = reportOf(call);
  put(call, task, {
    status_message: call.body.message,
    status_reason: '',
    system_tags: change(task.system_tags),
  });
}

function remove(call: CallWith<typeof TASK> & Call<{ readonly force?: boolean }>): JsonObject {
  const { server, body } = call;
  const task = reportOf(call);
  if (task.status !== 'created' && !task.system_tags.includes('archived') && !body.force)
    throw new ApiError('task_cannot_be_deleted', { task: task.id, status: task.status }, 'force is not set');
  server.tasks.delete(task.id);
  forgetEmptyProject(call, task.project);
  return { deleted: 1 };
}

/** A project that is only there for reports goes with the last one. */
function forgetEmptyProject({ server }: Call, id: string | undefined): void {
  const project = server.projects.find(id ?? '');
  if (project?.basename !== HIDDEN_NAMES.reports) return;
  const count = server.tasks.count({ where: 'project = ?', parameters: [project.id] });
  if (count === 0) server.projects.delete(project.id);
}

function put({ server, identity }: Call, task: TaskDocument, fields: Partial<TaskDocument>): void {
  const last_change = isoDate(server.now());
  server.tasks.put({ ...task, ...fields, last_change, last_changed_by: identity.user });
}

/** A query by project is one by the reports about it. */
function find(call: Call<SearchQuery & Body<typeof QUERY>>): JsonObject {
  const { server } = call;
  const body = withSubprojects(server, call.body);
  const query = { ...body, type: ['report'], search_hidden: true };
  if (body.project === undefined || body.project === null) return searchTasks(call, query, true);
  const asked = asTexts([body.project].flat());
  const project = [...server.projects.scan()]
    .filter(({ basename }) => basename === HIDDEN_NAMES.reports)
    .filter(({ id, parent }) => asked.includes(id) || asked.includes(parent ?? ''))
    .map(({ id }) => id);
  return project.length === 0 ? { tasks: [] } : searchTasks(call, { ...query, project }, true);
}

function getTags({ server }: Call): JsonObject {
  const tags = new Set<string>();
  for (const task of server.tasks.scan())
    if (task.type === 'report') for (const each of task.tags) tags.add(each);
  return { tags: [...tags].sort() };
}
