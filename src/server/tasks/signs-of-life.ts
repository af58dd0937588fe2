import { isoDate, parseDate } from '../dates.js';
import type { TaskDocument } from './task-document.js';

/** The task with fresh signs of life: what the watchdog looks at, and how long the task has run (seconds). */
export function alive(task: TaskDocument, now: number): TaskDocument {
  const start = task.status === 'in_progress' ? parseDate(task.started ?? '') : undefined;
  return {
    ...task,
    last_update: isoDate(now),
    last_change: isoDate(now),
    ...(start === undefined ? {} : { active_duration: Math.max(0, Math.floor((now - start) / 1000)) }),
  };
}
