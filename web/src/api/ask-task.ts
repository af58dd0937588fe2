import { call } from './client.js';
import type { Task } from './task.js';

const FIELDS = [
  ...[
    'name',
    'type',
    'status',
    'status_reason',
    'status_message',
    'status_changed',
    'comment',
    'tags',
    'system_tags',
  ],
  ...['created', 'started', 'completed', 'published', 'last_update', 'last_iteration', 'last_worker'],
  ...['project.name', 'user.name', 'parent.name', 'execution.queue.name', 'execution.artifacts'],
  ...['script', 'container', 'hyperparams', 'configuration', 'models', 'output', 'runtime', 'last_metrics'],
];

/** All that the page shows of some tasks, in the order of the ids; those that are gone are left out. */
export async function askTasksById(ids: readonly string[], signal: AbortSignal): Promise<Task[]> {
  const { tasks } = await call<{ tasks: Task[] }>(
    'tasks.get_by_id_ex',
    { id: ids, only_fields: FIELDS },
    { signal },
  );
  return ids.map((id) => tasks.find((task) => task.id === id)).filter((task) => task !== undefined);
}

/** @throws Error for a task that is not there */
export async function askTask(id: string, signal: AbortSignal): Promise<Task> {
  const [task] = await askTasksById([id], signal);
  if (task === undefined) throw new Error(`There is no task ${id}. It may have been deleted.`);
  return task;
}
