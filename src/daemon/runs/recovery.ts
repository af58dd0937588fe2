import type { TaskStatus } from '../../api/task-record.js';
import type { RunState } from '../../task/journal.js';
import { PULLED } from '../../task/status-texts.js';

/** What the server says of a task that an earlier daemon left behind. */
export interface LeftTask {
  status: TaskStatus | undefined;
  status_message: string | undefined;
  /** Whether it waits in the queue that the journal names. */
  queued: boolean;
  last_worker: string | undefined;
}

export type RecoveryAction =
  /** The command may still run: attach and resume supervising, or stopping it. */
  | 'attach'
  /** The command has ended: send the rest of the log and the status. */
  | 'finish'
  /** Nothing ran: back to the front of its queue. */
  | 'put-back'
  /** Nothing ran and the user asked for its end meanwhile. */
  | 'report-stopped'
  /** Another agent has it, or it is done. */
  | 'forget';

/**
 * What to do with a run of a daemon that was killed.
 *
 * @param state what its journal says
 * @param task the task on the server; only asked for when nothing was launched
 * @param workerIds what the daemon and the run may have reported as
 */
export function recoveryAction(
  state: RunState,
  task: LeftTask,
  workerIds: readonly string[],
): RecoveryAction {
  if (state.last === 'launched' || state.last === 'stopping') return 'attach';
  if (state.last === 'ended') return 'finish';
  if (state.last === 'reported') return 'forget';
  if (task.status === 'queued') return task.queued ? 'forget' : 'put-back';
  if (task.status === 'created' && task.status_message === PULLED) return 'put-back';
  if (task.status !== 'in_progress') return 'forget';
  if (task.last_worker !== undefined && !workerIds.includes(task.last_worker)) return 'forget';
  return task.status_message?.includes('stopping') ? 'report-stopped' : 'put-back';
}
