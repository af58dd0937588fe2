import { ApiError, PartialError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { isoDate } from '../dates.js';
import type { JsonObject } from '../json.js';
import type { FieldTable } from '../request-fields.js';
import { MACHINE_STATS } from '../workers/machine-stats.js';
import { deleteWorker, findWorker, keepStats, liveWorkers, putWorker } from '../workers/worker-store.js';
import { describeWorker, selects } from '../workers/worker-view.js';

const REGISTRATION: FieldTable = {
  worker: 'text!',
  timeout: 'integer',
  queues: 'texts',
  tags: 'texts',
  system_tags: 'texts',
};

const REPORT: FieldTable = {
  worker: 'text!',
  timestamp: 'integer!',
  task: 'text',
  queue: 'text',
  queues: 'texts',
  tags: 'texts',
  system_tags: 'texts',
  machine_stats: { fields: MACHINE_STATS },
};

export const workerEndpoints: EndpointTable = {
  'workers.register': { handler: register, fields: REGISTRATION },
  'workers.unregister': { handler: unregister, fields: { worker: 'text!' } },
  'workers.status_report': { handler: statusReport, fields: REPORT },
  'workers.get_all': { handler: getAll },
  'workers.get_count': { handler: (call) => ({ count: selected(call).length }) },
};

/** A worker that does not report for this long is removed, unless it asked for another time (seconds). */
const DEFAULT_TIMEOUT_S = 600;
/** Workers listed by default: those active in the last hour (seconds). */
const DEFAULT_LAST_SEEN_S = 3600;

function register(call: Call): JsonObject {
  const { server, params } = call;
  const timeout = params.integer('timeout', DEFAULT_TIMEOUT_S);
  if (timeout <= 0)
    throw new ApiError('worker_registration_failed', { timeout }, 'the timeout must be positive');
  const queues = params.texts('queues');
  const unknown = queues.filter((id) => !server.queues.has(id));
  if (unknown.length > 0) throw new ApiError('invalid_queue_id', { ids: unknown });
  const worker = { ...newWorker(call, timeout), queues };
  putWorker(server, call.identity.user, {
    ...worker,
    tags: params.texts('tags'),
    system_tags: params.texts('system_tags'),
  });
  return {};
}

function newWorker(call: Call, timeout: number): JsonObject & { id: string; register_timeout: number } {
  const now = isoDate(call.server.now());
  return {
    id: call.params.text('worker'),
    ip: call.ip,
    queues: [],
    tags: [],
    system_tags: [],
    register_time: now,
    register_timeout: timeout,
    last_activity_time: now,
  };
}

function unregister(call: Call): JsonObject {
  deleteWorker(call.server, call.identity.user, call.params.text('worker'));
  return {};
}

/** A worker's sign of life. One that is not known, because it expired, is taken on again. */
function statusReport(call: Call): JsonObject {
  const { server, params, identity } = call;
  const id = params.text('worker');
  const known = findWorker(server, identity.user, id) ?? newWorker(call, DEFAULT_TIMEOUT_S);
  const now = isoDate(server.now());
  const task = params.optionalText('task');
  const queue = params.optionalText('queue');
  const queues = params.texts('queues');
  putWorker(server, identity.user, {
    ...known,
    ip: call.ip,
    last_activity_time: now,
    last_report_time: now,
    queue,
    task,
    ...(queues.length > 0 ? { queues } : {}),
    // A report replaces the tags, also those of the registration.
    tags: params.texts('tags'),
    system_tags: params.texts('system_tags'),
  });
  const stats = params.optionalObject('machine_stats');
  if (stats !== undefined) {
    const timestamp = params.integer('timestamp', 0);
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

function getAll(call: Call): JsonObject {
  return { workers: selected(call).map(({ user, worker }) => describeWorker(call.server, user, worker)) };
}

function selected(call: Call): ReturnType<typeof liveWorkers> {
  const { server, params } = call;
  const seconds = params.integer('last_seen', DEFAULT_LAST_SEEN_S);
  const since = seconds > 0 ? server.now() - seconds * 1000 : 0;
  const filter = {
    since,
    tags: params.texts('tags'),
    systemTags: params.texts('system_tags'),
    pattern: params.optionalText('worker_pattern'),
  };
  return liveWorkers(server).filter(({ worker }) => selects(filter, worker));
}
