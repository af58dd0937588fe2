import { ApiError } from '../api-error.js';

export const TASK_STATUSES = [
  'created',
  'queued',
  'in_progress',
  'stopped',
  'publishing',
  'published',
  'closed',
  'failed',
  'completed',
  'unknown',
] as const;

export type TaskStatus = (typeof TASK_STATUSES)[number];

/** Where a task may go from a status without force. Staying is always allowed. */
export const TRANSITIONS: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  created: ['queued', 'in_progress'],
  queued: ['created', 'in_progress', 'stopped'],
  in_progress: ['created', 'stopped', 'failed', 'completed'],
  stopped: ['created', 'queued', 'in_progress', 'closed', 'failed', 'completed', 'publishing', 'published'],
  closed: ['created', 'stopped', 'failed', 'publishing', 'published'],
  failed: ['created', 'queued', 'stopped', 'published'],
  completed: ['created', 'in_progress', 'published'],
  publishing: ['published'],
  published: [],
  unknown: [],
};

/** Statuses in which parts of a task (artifacts, parameters) may still be written. */
export const EDITABLE: readonly TaskStatus[] = ['created', 'queued', 'in_progress'];

/** Message that asks a running agent to end the task. */
export const STOPPING = 'stopping';

/** @throws ApiError 400/110 */
export function assertTransition({ status }: { status: TaskStatus }, to: TaskStatus): void {
  if (status === to) return;
  if (TRANSITIONS[status].includes(to)) return;
  throw new ApiError('invalid_task_status', { current_status: status, new_status: to });
}
