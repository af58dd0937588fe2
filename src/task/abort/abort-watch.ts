import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TaskStatus } from '../../api/task-record.js';
import { isStopping, type StatusReading, type TaskStanding } from '../../api/tasks.js';
import type { StopReason } from '../outcome.js';

export interface AbortWatchOptions {
  /** The task's next status, in the reader's own rhythm; `undefined` when the server does not say. */
  read(signal: AbortSignal): Promise<TaskStanding | undefined>;
  signal: AbortSignal;
  /** The worker that runs the task. */
  workerId: string;
  /** Told when a running task is seen as `created`, with how often in a row. */
  onResetSeen?(times: number, limit: number): void;
  /** Called at every reading that lets the task continue. */
  onReading?(reading: StatusReading): void;
}

/** A task seen as `created` this many times in a row was reset; a script may reset and start itself. */
const RESET_READINGS = 5;

const STOPPING_STATUSES: Partial<Record<TaskStatus, StopReason>> = {
  closed: 'status_changed',
  stopped: 'status_changed',
  published: 'status_changed',
  queued: 'status_changed',
  failed: 'exception',
};

/**
 * Watches a running task's status on the server until a user aborts it.
 *
 * @returns why it is to be ended, or `undefined` when `signal` ended the watch
 */
export async function watchForAbort(options: AbortWatchOptions): Promise<StopReason | undefined> {
  const judge = new Judge(options);
  while (!options.signal.aborted) {
    const standing = await readSafely(options);
    const reason = standing === 'missing' ? 'not_found' : standing && judge.reasonToStop(standing);
    if (reason) return reason;
    await nextTurn();
  }
  return undefined;
}

/** Looks at the readings of one task one after the other. */
class Judge {
  readonly #options: AbortWatchOptions;
  #created = 0;
  #begun: string | undefined;

  constructor(options: AbortWatchOptions) {
    this.#options = options;
  }

  reasonToStop(reading: StatusReading): StopReason | undefined {
    const { workerId, onResetSeen, onReading } = this.#options;
    if (this.#begun !== undefined && isAnotherRun(reading, this.#begun, workerId)) return 'reset';
    const reason = stopReason(reading);
    if (reason) return reason;
    this.#begun ??= reading.started ?? undefined;
    this.#created = reading.status === 'created' ? this.#created + 1 : 0;
    if (this.#created >= RESET_READINGS) return 'reset';
    if (this.#created > 0) onResetSeen?.(this.#created, RESET_READINGS - 1);
    onReading?.(reading);
    return undefined;
  }
}

/** Reset, and queued again or run by another agent, all between two looks. */
function isAnotherRun(reading: StatusReading, begun: string, workerId: string): boolean {
  const { status, started, last_worker } = reading;
  if (status === 'queued') return !started;
  const others = Boolean(last_worker) && last_worker !== workerId;
  return status === 'in_progress' && Boolean(started) && started !== begun && others;
}

/** What one reading asks for; the original's table. */
export function stopReason(reading: StatusReading): StopReason | undefined {
  if (reading.status === 'in_progress') {
    return isStopping(reading.status_message) ? 'stopped' : undefined;
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
