import { ApiError } from '../api-error.js';
import type { QueueDocument, ServerContext } from '../context.js';
import { isoDate } from '../dates.js';
import { newId } from '../ids.js';

export interface QueueEntry {
  task: string;
  added: string;
}

type Entries = QueueEntry & { [key: string]: string };

/** @throws ApiError 400/701 */
export function queueOf(server: ServerContext, id: string): QueueDocument {
  const queue = server.queues.find(id);
  if (queue === undefined) throw new ApiError('invalid_queue_id', { id });
  return queue;
}

/** Entries of a queue, first to be taken first. */
export function entriesOf(server: ServerContext, queue: string, limit = -1): Entries[] {
  const sql = 'SELECT task, added FROM queue_entries WHERE queue = ? ORDER BY position LIMIT ?';
  return server.database
    .all(sql, queue, limit)
    .map((row) => ({ task: String(row.task), added: String(row.added) }));
}

export function countEntries(server: Pick<ServerContext, 'database'>, queue: string): number {
  return Number(
    server.database.get('SELECT count(*) AS n FROM queue_entries WHERE queue = ?', queue)?.n ?? 0,
  );
}

/** @throws ApiError 400/706 when the task is in the queue already */
export function appendEntry(server: ServerContext, queue: QueueDocument, task: string): void {
  const known = server.database.get(
    'SELECT 1 FROM queue_entries WHERE queue = ? AND task = ?',
    queue.id,
    task,
  );
  if (known !== undefined) throw new ApiError('task_already_queued', { task, queue: queue.id });
  const now = isoDate(server.now());
  server.database.run(
    `INSERT INTO queue_entries (queue, position, task, added)
     SELECT ?, coalesce(max(position), 0) + 1, ?, ? FROM queue_entries WHERE queue = ?`,
    queue.id,
    task,
    now,
    queue.id,
  );
  touchQueue(server, queue);
  server.queueWaits.queued(queue.id);
}

/** Takes the first entry of a queue; with `only`, takes it only when it is that task. */
export function popEntry(server: ServerContext, queue: QueueDocument, only?: string): QueueEntry | undefined {
  const [first] = entriesOf(server, queue.id, 1);
  if (first === undefined || (only !== undefined && only !== first.task)) return undefined;
  removeEntry(server, queue, first.task);
  return first;
}

/** Takes a task out of a queue; how many entries went. */
export function removeEntry(server: ServerContext, queue: QueueDocument, task: string): number {
  const sql = 'DELETE FROM queue_entries WHERE queue = ? AND task = ?';
  const removed = server.database.run(sql, queue.id, task);
  if (removed > 0) touchQueue(server, queue);
  return removed;
}

/** Takes a task out of all queues but one; how many entries went. */
export function removeFromQueues(server: ServerContext, task: string, except = ''): number {
  const queues = server.database.all(
    'SELECT queue FROM queue_entries WHERE task = ? AND queue <> ?',
    task,
    except,
  );
  let removed = 0;
  for (const { queue } of queues) removed += removeEntry(server, queueOf(server, String(queue)), task);
  return removed;
}

/** Moves a task within its queue to a place (clamped to the ends); answers the place, from 0. */
export function moveEntry(
  server: ServerContext,
  queue: QueueDocument,
  task: string,
  place: (index: number, last: number) => number,
): number {
  const tasks = entriesOf(server, queue.id).map((entry) => entry.task);
  const index = tasks.indexOf(task);
  if (index === -1) throw new ApiError('invalid_queue_or_task_not_queued', { task, queue: queue.id });
  const target = Math.min(Math.max(place(index, tasks.length - 1), 0), tasks.length - 1);
  tasks.splice(index, 1);
  tasks.splice(target, 0, task);
  const sql = 'UPDATE queue_entries SET position = ? WHERE queue = ? AND task = ?';
  for (const [position, moved] of tasks.entries()) server.database.run(sql, position, queue.id, moved);
  touchQueue(server, queue);
  return target;
}

export function createQueue(
  server: ServerContext,
  fields: Pick<QueueDocument, 'name' | 'company'> & Partial<QueueDocument>,
): QueueDocument {
  const name = fields.name.trim();
  if (name.length < 3)
    throw new ApiError('data_validation_error', { name }, 'at least 3 characters are needed');
  if (queueNamed(server, name) !== undefined) throw new ApiError('expected_unique_data', { name });
  const now = isoDate(server.now());
  const queue = {
    tags: [],
    system_tags: [],
    metadata: {},
    ...fields,
    id: newId(),
    name,
    created: now,
    last_update: now,
  };
  server.queues.put(queue);
  return queue;
}

export function queueNamed(server: ServerContext, name: string): QueueDocument | undefined {
  const [queue] = server.queues.scan({ where: 'name = ?', parameters: [name] });
  return queue;
}

/** The queue with the system tag `default`. */
export function defaultQueue(server: ServerContext): QueueDocument {
  const [queue, second] = [...server.queues.scan()].filter((each) => each.system_tags.includes('default'));
  if (queue === undefined) throw new ApiError('no_default_queue');
  if (second !== undefined) throw new ApiError('multiple_default_queues');
  return queue;
}

function touchQueue(server: ServerContext, queue: QueueDocument): void {
  server.queues.put({ ...queue, last_update: isoDate(server.now()) });
}
