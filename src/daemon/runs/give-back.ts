import { causeLine } from '../../errors.js';
import { noteReported } from '../../task/note-end.js';
import { putBack } from '../../task/put-back.js';
import type { RunResult, TaskRun } from '../../task/run.js';
import { PUT_BACK } from '../../task/status-texts.js';

/** A server that is away does not keep the daemon from ending. */
const PATIENCE_MS = 5000;

/** Requeues a task that was popped while the daemon was being stopped or paused. */
export async function giveBack(run: TaskRun): Promise<RunResult> {
  const { ctx, task, queue, journal, log } = run;
  await log.detach();
  try {
    const reason = `${PUT_BACK}the agent was stopped or paused before it began with the task`;
    await putBack(ctx, { task, queue, reason }, AbortSignal.timeout(PATIENCE_MS));
  } catch (error) {
    ctx.logger.warn(`task ${task}: cannot be put back now, the next daemon does that: ${causeLine(error)}`);
    return 'handed-over';
  }
  await noteReported(journal);
  ctx.logger.info(
    `task ${task}: arrived while the daemon was being stopped or paused; it is back in its queue`,
  );
  return { call: undefined, status_reason: '', logText: '', exitStatus: 0 };
}
