import { ApiError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import { parseDate } from '../dates.js';
import { type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { projectsBelow } from '../projects/project-tree.js';
import {
  type Days,
  daysBetween,
  type Running,
  runningTime,
  secondsByDay,
  USAGE_FIELDS,
  usageEntries,
} from '../projects/project-usages.js';
import { flag, type Given, listOf, oneOf, required, text, texts } from '../schema.js';
import type { TaskDocument } from '../tasks/task-document.js';

const BREAKDOWNS = ['project', 'queue', 'user'] as const;
type Breakdown = (typeof BREAKDOWNS)[number];

const USAGES = {
  // An empty list is no mistake; nothing is counted then.
  projects: { given: texts, required: true } satisfies Given<string[]>,
  from_date: required(text),
  to_date: required(text),
  include_development: flag,
  breakdown_keys: listOf(oneOf(BREAKDOWNS)),
  usage_fields: listOf(oneOf(USAGE_FIELDS)),
} as const;

export const projectUsageEndpoints: EndpointTable = {
  'organization.get_project_usages': endpoint(USAGES, getUsages, { since: [2, 34] }),
};

/** What the released server leaves out by default. */
const LEFT_OUT_TAGS = ['dataset', 'reports', 'hidden'];
const LEFT_OUT_TYPES = ['dataset_import', 'annotation', 'annotation_manual', 'report', 'controller'];
const OTHER_QUEUE = { id: '_other_', name: 'other' };

/** How long the tasks of projects ran, day by day: by project, by user and by queue. */
function getUsages({ server, body }: CallWith<typeof USAGES>): JsonObject {
  const days = daysOf(body.from_date, body.to_date);
  const { breakdown_keys: keys = BREAKDOWNS, usage_fields: fields = ['duration', 'gpu_usage'] } = body;
  const groups = groupsOf(server, body.projects);
  const ran = [...groups.keys()].flatMap((project) =>
    [...server.tasks.scan({ where: 'project = ?', parameters: [project] })]
      .filter((task) => isCounted(task, body.include_development ?? false))
      .flatMap((task) => {
        const running = runningTime(task, days, server.now());
        return running === undefined ? [] : [{ task, running }];
      }),
  );
  const answer = keys.map((key) => {
    const byGroup = new Map<string | null, Running[]>();
    for (const { task, running } of ran) {
      const id = groupId(server, key, task, groups);
      byGroup.set(id, [...(byGroup.get(id) ?? []), running]);
    }
    const entries = [...byGroup].map(([id, running]) =>
      usageEntries({ id, name: nameOf(server, key, id) }, days, secondsByDay(days, running), fields),
    );
    const lists = { total: entries.map(({ total }) => total), series: entries.map(({ series }) => series) };
    return [`${key}s`, lists] as const;
  });
  return Object.fromEntries(answer);
}

/** A longer report would hold up all other requests. */
const MOST_DAYS = 3660;

/** The time zone is that of the first date. @throws ApiError 400/12 */
function daysOf(from: string, to: string): Days {
  const [start, end] = [parseDate(from), parseDate(to)];
  if (start === undefined || end === undefined)
    throw new ApiError('validation_error', { from_date: from, to_date: to }, 'expected ISO 8601 dates');
  if (start > end) throw new ApiError('validation_error', {}, 'from_date cannot be later than to_date');
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(from) ?? [];
  const offset =
    sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const days = daysBetween(start, end, offset);
  if (days.count > MOST_DAYS) throw new ApiError('validation_error', {}, `at most ${MOST_DAYS} days`);
  return days;
}

/** By project with tasks: the project under which they are counted. One project is broken down into those below it. */
function groupsOf(server: ServerContext, asked: readonly string[]): Map<string, string> {
  const [only] = asked;
  const isOne = asked.length === 1 && only !== undefined;
  const tops = isOne
    ? projectsBelow(server, only).flatMap(({ id, parent }) => (parent === only ? [id] : []))
    : asked;
  const groups = new Map<string, string>(isOne ? [[only, only]] : []);
  for (const top of tops) {
    groups.set(top, top);
    for (const { id } of projectsBelow(server, top)) groups.set(id, top);
  }
  return groups;
}

function isCounted({ system_tags: tags, type, execution }: TaskDocument, withDevelopment: boolean): boolean {
  const isDevelopment = tags.includes('development') || !execution.queue;
  return (
    (withDevelopment || !isDevelopment) &&
    !LEFT_OUT_TYPES.includes(type) &&
    !tags.some((tag) => LEFT_OUT_TAGS.includes(tag))
  );
}

function groupId(
  server: ServerContext,
  key: Breakdown,
  { project = '', user, execution: { queue } }: TaskDocument,
  groups: ReadonlyMap<string, string>,
): string | null {
  if (key === 'project') return groups.get(project) ?? project;
  if (key === 'user') return user;
  if (typeof queue !== 'string' || queue === '') return null;
  return server.queues.find(queue) === undefined ? OTHER_QUEUE.id : queue;
}

function nameOf(server: ServerContext, key: Breakdown, id: string | null): string | null {
  if (id === null) return null;
  if (key === 'queue' && id === OTHER_QUEUE.id) return OTHER_QUEUE.name;
  if (key === 'queue') {
    const queue = server.queues.find(id);
    return String(queue?.display_name || (queue?.name ?? id));
  }
  return (key === 'project' ? server.projects : server.users).find(id)?.name ?? id;
}
