import { causeLine } from '../../errors.js';
import { noteReported } from '../../task/note-end.js';
import { putBack } from '../../task/put-back.js';
import type { RunResult } from '../../task/run.js';
import { PUT_BACK } from '../../task/status-texts.js';
import type { TaskRun } from '../../task/task-run.js';

/** A server that is away does not keep the daemon from ending. */
const PATIENCE_MS = 5000;

/** Why a task goes back to its queue that was popped and is not begun with. */
export const GIVEN_BACK = {
  ended: 'the agent was stopped or paused before it began with the task',
  otherTask: 'what was free on the machine was for another task of the queue',
} as const;

/** Requeues a task that was popped. */
export async function giveBack(run: TaskRun, why: string): Promise<RunResult> {
  const { ctx, task, queue, journal, log } = run;
  await log.detach();
  try {
    await putBack(ctx, { task, queue, reason: `${PUT_BACK}${why}` }, AbortSignal.timeout(PATIENCE_MS));
  } catch (error) {
    ctx.logger.warn(`task ${task}: cannot be put back now, the next daemon does that: ${causeLine(error)}`);
    return 'handed-over';
  }
  await noteReported(journal);
  ctx.logger.info(`task ${task}: ${why}; it is back in its queue`);
  return { call: undefined, status_reason: '', logText: '', exitStatus: 0 };
}
