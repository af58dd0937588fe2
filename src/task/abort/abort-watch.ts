import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TaskStatus } from '../../api/task-record.js';
import type { StatusReading, TaskStanding } from '../../api/tasks.js';
import type { StopReason } from '../outcome.js';

export interface AbortWatchOptions {
  /** The task's next status, in the reader's own rhythm; `undefined` when the server does not say. */
  read(signal: AbortSignal): Promise<TaskStanding | undefined>;
  signal: AbortSignal;
  /** Told when a running task is seen as `created`, with how often in a row. */
  onResetSeen?(times: number, limit: number): void;
  /** Told at every reading that says "go on". */
  onReading?(reading: StatusReading): void;
}

/** A task seen as `created` this many times in a row was reset; fewer may be a race with its start. */
const RESET_READINGS = 5;

const STOPPING_STATUSES: Partial<Record<TaskStatus, StopReason>> = {
  closed: 'status_changed',
  stopped: 'status_changed',
  published: 'status_changed',
  queued: 'status_changed',
  failed: 'exception',
};

/**
 * Watches a running task's status on the server until somebody wants it ended.
 *
 * @returns why it is to be ended, or `undefined` when `signal` ended the watch
 */
export async function watchForAbort(options: AbortWatchOptions): Promise<StopReason | undefined> {
  let created = 0;
  while (!options.signal.aborted) {
    const reading = await readSafely(options);
    if (reading === 'missing') return 'not_found';
    if (reading !== undefined) {
      const reason = stopReason(reading);
      if (reason) return reason;
      created = reading.status === 'created' ? created + 1 : 0;
      if (created >= RESET_READINGS) return 'reset';
      if (created > 0) options.onResetSeen?.(created, RESET_READINGS - 1);
      options.onReading?.(reading);
    }
    await nextTurn();
  }
  return undefined;
}

/** What one reading asks for; the original's table. */
export function stopReason(reading: StatusReading): StopReason | undefined {
  if (reading.status === 'in_progress') {
    return reading.status_message?.includes('stopping') ? 'stopped' : undefined;
  }
  return STOPPING_STATUSES[reading.status];
}

async function readSafely(options: AbortWatchOptions): Promise<TaskStanding | undefined> {
  try {
    return await options.read(options.signal);
  } catch {
    // A server that is away says nothing about the task; the log uploader reports the outage.
    return undefined;
  }
}
