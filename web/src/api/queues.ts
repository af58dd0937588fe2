import { call } from './client.js';
import type { Named } from './task.js';

export interface QueueEntry {
  task: Named;
  added: string;
}

/** A queue with its tasks in order, and the workers that serve it. */
export interface Queue {
  id: string;
  name: string;
  entries: QueueEntry[];
  workers: { name: string; ip?: string; task?: Named }[];
  system_tags?: string[];
}

/** By name. */
export async function askQueues(signal?: AbortSignal): Promise<Queue[]> {
  const { queues } = await call<{ queues: Queue[] }>('queues.get_all_ex', { order_by: ['name'] }, { signal });
  return queues;
}

/** Moves a task of a queue from one place to another, both from 0. */
export async function moveEntry(queue: string, task: string, from: number, to: number): Promise<void> {
  if (from === to) return;
  const direction = to < from ? 'forward' : 'backward';
  await call(`queues.move_task_${direction}`, { queue, task, count: Math.abs(to - from) });
}

/** Puts a task at the end of another queue, or back into one at a place. */
export async function enqueueAt(queue: string, task: string, place?: number): Promise<void> {
  await call('tasks.enqueue', { task, queue });
  if (place === undefined) return;
  await call('queues.move_task_to_front', { queue, task });
  if (place > 0) await call('queues.move_task_backward', { queue, task, count: place });
}

export async function dequeue(task: string): Promise<void> {
  await call('tasks.dequeue', { task });
}

/** Milliseconds for which the first of these has waited. */
export function longestWait({ entries }: Queue): number | undefined {
  const times = entries.map(({ added }) => new Date(added).getTime());
  return times.length === 0 ? undefined : Math.max(0, Date.now() - Math.min(...times));
}
