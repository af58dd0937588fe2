import { ApiError } from '../api-error.js';
import { type Call, Download, type EndpointTable } from '../call.js';
import { isoDate } from '../dates.js';
import { clearLog, countLog, logEvents, logPage } from '../events/log-pages.js';
import { eventPage } from '../events/metric-pages.js';
import { asText, type JsonObject } from '../json.js';
import type { FieldTable } from '../request-fields.js';
import { isLocked, taskOf } from '../tasks/task-document.js';

const ORDERS = ['asc', 'desc'] as const;
const PAGE: FieldTable = {
  task: 'text!',
  batch_size: 'integer',
  from_timestamp: 'integer',
  navigate_earlier: 'flag',
  order: ORDERS,
  metrics: { items: { metric: 'text!', variants: 'texts' } },
};

const SCROLL: FieldTable = {
  task: 'text!',
  batch_size: 'integer',
  order: ORDERS,
  from: ['head', 'tail'],
  scroll_id: 'text',
};

/** What a task printed. */
export const taskLogEndpoints: EndpointTable = {
  'events.get_task_log': {
    handler: getLog,
    fields: PAGE,
    since: [2, 9],
    earlier: { handler: scrollLog, fields: SCROLL },
  },
  'events.download_task_log': {
    handler: downloadLog,
    fields: { task: 'text!', line_type: ['json', 'text'], line_format: 'text' },
  },
  'events.clear_task_log': {
    handler: clear,
    fields: {
      task: 'text!',
      threshold_sec: 'integer',
      allow_locked: 'flag',
      include_metrics: 'texts',
      exclude_metrics: 'texts',
    },
  },
};

const BATCH = 5000;
const EARLY_BATCH = 500;
const MAX_BATCH = 10_000;

function getLog({ server, params }: Call): JsonObject {
  const task = taskOf(server, params.text('task'));
  const earlier = params.flag('navigate_earlier', true);
  const order = params.optionalText('order');
  const page = logPage(server.database, {
    task: task.id,
    size: sizeOf(params.integer('batch_size', BATCH)),
    earlier,
    from: params.optionalInteger('from_timestamp'),
    metrics: params.objects('metrics').map(({ metric }) => asText(metric) ?? ''),
  });
  const flipped = (earlier && order === 'asc') || (!earlier && order === 'desc');
  const events = flipped ? page.reverse() : page;
  return { events, returned: events.length, total: countLog(server.database, task.id) };
}

/** Before 2.9 a log was read by scrolling from one of its ends. */
function scrollLog({ server, params }: Call): JsonObject {
  const task = taskOf(server, params.text('task'));
  const order = params.optionalText('order') ?? (params.optionalText('from') === 'head' ? 'asc' : 'desc');
  const { events, total, scrollId } = eventPage(server.database, {
    task: task.id,
    type: 'log',
    size: sizeOf(params.integer('batch_size', EARLY_BATCH)),
    descending: order === 'desc',
    scrollId: params.optionalText('scroll_id'),
  });
  return { events, returned: events.length, total, scroll_id: scrollId ?? null };
}

function sizeOf(asked: number): number {
  return Math.min(Math.max(asked, 0), MAX_BATCH);
}

/** One event a line: as JSON, or as text in a format such as `{asctime} {worker} {level} {msg}`. */
function downloadLog({ server, params }: Call): Download {
  const task = taskOf(server, params.text('task'));
  const format = params.optionalText('line_format') ?? '{asctime} {worker} {level} {msg}';
  const asJson = params.optionalText('line_type') === 'json';
  const lines = logEvents(server.database, task.id).map((event) =>
    asJson ? JSON.stringify(event) : formatted(format, event),
  );
  return new Download(lines.map((line) => `${line}\n`).join(''), `task_${task.id}.log`);
}

function formatted(format: string, event: JsonObject): string {
  const values: JsonObject = {
    ...event,
    asctime: isoDate(Number(event.timestamp)),
    msg: String(event.msg ?? '').trimEnd(),
  };
  return format.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : '',
  );
}

/** Removes the log, or what of it is older than so many seconds. */
function clear({ server, params }: Call): JsonObject {
  const task = taskOf(server, params.text('task'));
  if (isLocked(task) && !params.flag('allow_locked')) throw new ApiError('invalid_task_id', { id: task.id });
  const threshold = params.optionalInteger('threshold_sec');
  const deleted = clearLog(server.database, {
    task: task.id,
    before: threshold === undefined ? undefined : server.now() - threshold * 1000,
    include: params.texts('include_metrics'),
    exclude: params.texts('exclude_metrics'),
  });
  return { deleted };
}
