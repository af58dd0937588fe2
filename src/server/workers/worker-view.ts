import { COMPANY_NAME } from '../auth/accounts.js';
import type { ServerContext } from '../context.js';
import { parseDate } from '../dates.js';
import { asText, asTexts, type JsonObject } from '../json.js';
import type { Pattern } from '../query/patterns/patterns.js';
import { countEntries, entriesOf } from '../tasks/queue-entries.js';
import type { OwnedWorker, Worker } from './worker-store.js';

export interface WorkerFilter {
  /** Milliseconds; workers without a sign of life since are left out. */
  since: number;
  tags: readonly string[];
  systemTags: readonly string[];
  /** On the id. */
  pattern: Pattern | undefined;
}

export function selects(filter: WorkerFilter, worker: Worker): boolean {
  const active = parseDate(asText(worker.last_activity_time) ?? '') ?? 0;
  return (
    active >= filter.since &&
    hasTags(asTexts(worker.tags), filter.tags) &&
    hasTags(asTexts(worker.system_tags), filter.systemTags) &&
    (filter.pattern === undefined || filter.pattern.test(worker.id))
  );
}

/** One of the plain tags (if there are any) and none of those with a dash. */
function hasTags(tags: readonly string[], wanted: readonly string[]): boolean {
  const included = wanted.filter((tag) => !tag.startsWith('-'));
  const excluded = wanted.filter((tag) => tag.startsWith('-')).map((tag) => tag.slice(1));
  return (
    (included.length === 0 || included.some((tag) => tags.includes(tag))) &&
    !excluded.some((tag) => tags.includes(tag))
  );
}

/** A set of letters, or one letter. */
const SHELL_PART = /\[(!?)(\]?[^\]]*)\]|[\s\S]/g;

/** A shell pattern (`*`, `?`, `[…]`) as a regular expression of the whole text. */
export function shellPattern(pattern: string): string {
  const source = pattern.replaceAll(SHELL_PART, (part, not?: string, letters?: string) => {
    if (letters !== undefined) return `[${not === '!' ? '^' : ''}${letters.replaceAll(/[\\\]^[]/g, '\\$&')}]`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replaceAll(/[^\w\s]/g, '\\$&');
  });
  return `(?s)^${source}$`;
}

/** A worker as the queue that it serves shows it. */
export function briefWorker(server: ServerContext, { user, worker }: OwnedWorker): JsonObject {
  const task = typeof worker.task === 'string' ? server.tasks.find(worker.task) : undefined;
  return {
    name: worker.id,
    ip: worker.ip,
    key: keyOf(server.users.find(user)?.company ?? '', user, worker),
    ...(task === undefined ? {} : { task: { id: task.id, name: task.name } }),
  };
}

function keyOf(company: string, user: string, worker: Worker): string {
  return `worker_${company}_${user}_${worker.id}`;
}

/** A worker as clients see it: what it refers to comes with its name. */
export function describeWorker(server: ServerContext, userId: string, worker: Worker): JsonObject {
  const user = server.users.find(userId);
  const { task: taskId, queue: queueId, queues, register_timeout, ...rest } = worker;
  const task = typeof taskId === 'string' ? server.tasks.find(taskId) : undefined;
  const project = task?.project === undefined ? undefined : server.projects.find(task.project);
  return {
    ...rest,
    register_timeout,
    key: keyOf(user?.company ?? '', userId, worker),
    user: { id: userId, name: user?.name ?? '' },
    company: { id: user?.company ?? '', name: COMPANY_NAME },
    ...(task === undefined
      ? {}
      : {
          task: {
            id: task.id,
            name: task.name,
            running_time: Math.max(0, server.now() - (parseDate(task.started ?? '') ?? server.now())),
            last_iteration: task.last_iteration,
          },
        }),
    ...(project === undefined ? {} : { project: { id: project.id, name: project.name } }),
    ...(typeof queueId === 'string' ? { queue: describeQueue(server, queueId) } : {}),
    queues: asTexts(queues).map((id) => describeQueue(server, id)),
  };
}

function describeQueue(server: ServerContext, id: string): JsonObject {
  const queue = server.queues.find(id);
  if (queue === undefined) return { id };
  const [next] = entriesOf(server, id, 1);
  const task = next === undefined ? undefined : server.tasks.find(next.task);
  return {
    id,
    name: queue.name,
    num_tasks: countEntries(server, id),
    ...(task === undefined ? {} : { next_task: { id: task.id, name: task.name } }),
  };
}
