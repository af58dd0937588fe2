import { ApiError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import { type CallWith, Download, type EndpointTable, endpoint } from '../endpoint.js';
import { type LogPortion, logPortion, type PortionRequest } from '../events/log/log-download.js';
import { clearLog } from '../events/log/log-removal.js';
import { searchLog } from '../events/log/log-search.js';
import { countLines } from '../events/log/log-store.js';
import { logPage } from '../events/log-pages.js';
import { METRIC_CHOICES } from '../events/metric-choice.js';
import { eventPage } from '../events/metric-pages.js';
import type { JsonObject } from '../json.js';
import { ReaderFailure } from '../reading/reader.js';
import { flag, integer, oneOf, required, text, texts, withDefault } from '../schema.js';
import { isLocked, taskOf } from '../tasks/task-document.js';

const ORDER = oneOf(['asc', 'desc']);
const BATCH = 5000;
const EARLY_BATCH = 500;
const MAX_BATCH = 10_000;

const PAGE = {
  task: required(text),
  batch_size: withDefault(integer, BATCH),
  from_timestamp: integer,
  navigate_earlier: withDefault(flag, true),
  order: ORDER,
  metrics: METRIC_CHOICES,
} as const;

const SCROLL = {
  task: required(text),
  batch_size: withDefault(integer, EARLY_BATCH),
  order: ORDER,
  from: oneOf(['head', 'tail']),
  scroll_id: text,
} as const;

const SEARCHED = {
  task: required(text),
  text: required({ ...text, minLength: 1 }),
  from_timestamp: integer,
  navigate_earlier: withDefault(flag, true),
} as const;

const DOWNLOADED = {
  task: required(text),
  line_type: withDefault(oneOf(['json', 'text']), 'text'),
  line_format: withDefault(text, '{asctime} {worker} {level} {msg}'),
} as const;

const CLEARED = {
  task: required(text),
  threshold_sec: integer,
  allow_locked: flag,
  include_metrics: texts,
  exclude_metrics: texts,
} as const;

/** What a task printed. */
export const taskLogEndpoints: EndpointTable = {
  'events.get_task_log': endpoint(PAGE, getLog, { since: [2, 9], earlier: endpoint(SCROLL, scrollLog) }),
  'events.download_task_log': endpoint(DOWNLOADED, downloadLog),
  'events.search_task_log': endpoint(SEARCHED, search),
  'events.clear_task_log': endpoint(CLEARED, clear),
};

function getLog({ server, body }: CallWith<typeof PAGE>): JsonObject {
  const task = taskOf(server, body.task);
  const { navigate_earlier: earlier, order } = body;
  const page = logPage(server.database, {
    task: task.id,
    size: sizeOf(body.batch_size),
    earlier,
    from: body.from_timestamp,
    metrics: (body.metrics ?? []).map(({ metric }) => metric),
  });
  const flipped = (earlier && order === 'asc') || (!earlier && order === 'desc');
  const events = flipped ? page.reverse() : page;
  return { events, returned: events.length, total: countLines(server.database, task.id) };
}

/** Before 2.9 a log was read by scrolling from one of its ends. */
function scrollLog({ server, body }: CallWith<typeof SCROLL>): JsonObject {
  const task = taskOf(server, body.task);
  const order = body.order ?? (body.from === 'head' ? 'asc' : 'desc');
  const { events, total, scrollId } = eventPage(server.database, {
    task: task.id,
    type: 'log',
    size: sizeOf(body.batch_size),
    descending: order === 'desc',
    scrollId: body.scroll_id,
  });
  return { events, returned: events.length, total, scroll_id: scrollId ?? null };
}

function sizeOf(asked: number): number {
  return Math.min(Math.max(asked, 0), MAX_BATCH);
}

/** A call of this server's own: the console of the page asks until it finds, or the person stops. */
function search({ server, body }: CallWith<typeof SEARCHED>): JsonObject {
  const { id } = taskOf(server, body.task);
  const { text: wanted, navigate_earlier: earlier, from_timestamp: from } = body;
  return { ...searchLog(server.database, { task: id, text: wanted, earlier, from }) };
}

/** One event a line: as JSON, or as text in a format such as `{asctime} {worker} {level} {msg}`. */
function downloadLog({ server, body }: CallWith<typeof DOWNLOADED>): Download {
  const task = taskOf(server, body.task);
  const format = body.line_type === 'json' ? undefined : body.line_format;
  return new Download(logText(server, { task: task.id, format }), `task_${task.id}.log`);
}

/** Each portion is read while the client takes the one before. */
async function* logText(server: ServerContext, request: PortionRequest): AsyncGenerator<Uint8Array> {
  let next: Promise<LogPortion> | undefined = readPortion(server, request);
  while (next !== undefined) {
    const { text, last }: LogPortion = await next;
    next = last === undefined ? undefined : readPortion(server, { ...request, after: last });
    // The client may leave before it is awaited.
    next?.catch(() => undefined);
    if (text.length > 0) yield text;
  }
}

async function readPortion(
  { reader, longReads, database }: ServerContext,
  request: PortionRequest,
): Promise<LogPortion> {
  try {
    if (countLines(database, request.task) < longReads.events)
      return await database.grouped(() => logPortion(database, request));
    const outcome = await reader.run({ kind: 'portion', request });
    await database.settled();
    if ('portion' in outcome) return outcome.portion;
  } catch (error) {
    if (!(error instanceof ReaderFailure)) throw error;
  }
  return database.grouped(() => logPortion(database, request));
}

/** Removes the log, or what of it is older than so many seconds. */
function clear({ server, body }: CallWith<typeof CLEARED>): JsonObject {
  const task = taskOf(server, body.task);
  if (isLocked(task) && !body.allow_locked) throw new ApiError('invalid_task_id', { id: task.id });
  const { threshold_sec: threshold } = body;
  const deleted = clearLog(server.database, {
    task: task.id,
    before: threshold === undefined ? undefined : server.now() - threshold * 1000,
    include: body.include_metrics ?? [],
    exclude: body.exclude_metrics ?? [],
  });
  return { deleted };
}
