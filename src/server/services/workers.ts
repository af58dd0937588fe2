import { ApiError, PartialError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { integer, object, required, text, texts, withDefault } from '../schema.js';
import { MACHINE_STATS } from '../workers/machine-stats.js';
import { deleteWorker, findWorker, keepStats, liveWorkers, putWorker } from '../workers/worker-store.js';
import { describeWorker, selects, shellPattern } from '../workers/worker-view.js';

/** A worker that does not report for this long is removed, unless it asked for another time (seconds). */
const DEFAULT_TIMEOUT_S = 600;
/** Workers listed by default: those active in the last hour (seconds). */
const DEFAULT_LAST_SEEN_S = 3600;

const REGISTRATION = {
  worker: required(text),
  timeout: withDefault(integer, DEFAULT_TIMEOUT_S),
  queues: texts,
  tags: texts,
  system_tags: texts,
} as const;

const REPORT = {
  worker: required(text),
  timestamp: required(integer),
  task: text,
  queue: text,
  queues: texts,
  tags: texts,
  system_tags: texts,
  machine_stats: object(MACHINE_STATS),
} as const;

const QUERY = {
  last_seen: withDefault(integer, DEFAULT_LAST_SEEN_S),
  tags: texts,
  system_tags: texts,
  worker_pattern: text,
} as const;

export const workerEndpoints: EndpointTable = {
  'workers.register': endpoint(REGISTRATION, register),
  'workers.unregister': endpoint({ worker: required(text) }, unregister),
  'workers.status_report': endpoint(REPORT, statusReport),
  'workers.get_all': endpoint(QUERY, getAll),
  'workers.get_count': endpoint(QUERY, (call) => ({ count: selected(call).length })),
};

function register(call: CallWith<typeof REGISTRATION>): JsonObject {
  const { server, body } = call;
  const { timeout, queues = [] } = body;
  if (timeout <= 0)
    throw new ApiError('worker_registration_failed', { timeout }, 'the timeout must be positive');
  const unknown = queues.filter((id) => !server.queues.has(id));
  if (unknown.length > 0) throw new ApiError('invalid_queue_id', { ids: unknown });
  const worker = { ...newWorker(call, timeout), queues };
  putWorker(server, call.identity.user, {
    ...worker,
    tags: body.tags ?? [],
    system_tags: body.system_tags ?? [],
  });
  return {};
}

function newWorker(
  call: Call<{ readonly worker: string }>,
  timeout: number,
): JsonObject & { id: string; register_timeout: number } {
  const now = isoDate(call.server.now());
  return {
    id: call.body.worker,
    ip: call.ip,
    queues: [],
    tags: [],
    system_tags: [],
    register_time: now,
    register_timeout: timeout,
    last_activity_time: now,
  };
}

function unregister(call: Call<{ readonly worker: string }>): JsonObject {
  deleteWorker(call.server, call.identity.user, call.body.worker);
  return {};
}

/** A worker's sign of life. One that is not known, because it expired, is taken on again. */
function statusReport(call: CallWith<typeof REPORT>): JsonObject {
  const { server, body, identity } = call;
  const { worker: id, task, queue, queues = [] } = body;
  const known = findWorker(server, identity.user, id) ?? newWorker(call, DEFAULT_TIMEOUT_S);
  const now = isoDate(server.now());
  putWorker(server, identity.user, {
    ...known,
    ip: call.ip,
    last_activity_time: now,
    last_report_time: now,
    queue,
    task,
    ...(queues.length > 0 ? { queues } : {}),
    // A report replaces the tags, also those of the registration.
    tags: body.tags ?? [],
    system_tags: body.system_tags ?? [],
  });
  const { machine_stats: stats, timestamp } = body;
  if (stats !== undefined) {
    keepStats(server, { user: identity.user, worker: id, timestamp, task, stats });
  }
  if (task !== undefined) markTask(call, task, id, now);
  return {};
}

/** @throws PartialError 400/101; the worker lives, even if its task was deleted */
function markTask({ server }: Call, id: string, worker: string, now: string): void {
  const task = server.tasks.find(id);
  if (task === undefined) throw new PartialError('invalid_task_id', { id });
  server.tasks.put({
    ...task,
    last_worker: worker,
    last_worker_report: now,
    last_update: now,
    last_change: now,
  });
}

function getAll(call: CallWith<typeof QUERY>): JsonObject {
  return { workers: selected(call).map(({ user, worker }) => describeWorker(call.server, user, worker)) };
}

function selected(call: CallWith<typeof QUERY>): ReturnType<typeof liveWorkers> {
  const { server, body } = call;
  const { last_seen: seconds, worker_pattern: pattern } = body;
  const since = seconds > 0 ? server.now() - seconds * 1000 : 0;
  const filter = {
    since,
    tags: body.tags ?? [],
    systemTags: body.system_tags ?? [],
    pattern: pattern === undefined ? undefined : server.patterns.compile(shellPattern(pattern)),
  };
  const found = liveWorkers(server).filter(({ worker }) => selects(filter, worker));
  server.patterns.assertSettled();
  return found;
}
