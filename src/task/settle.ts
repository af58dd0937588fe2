import { causeLine } from '../errors.js';
import { changedBy } from './claim.js';
import { type RunEnd, type Settlement, settlementOf } from './outcome.js';
import type { TaskRun } from './run.js';

/**
 * Ends a run: the end goes to the journal, then the rest of the log and the final status to the server.
 * Repeating it after a crash is safe: a status that is set already is refused by the server and that is fine.
 */
export async function settle(run: TaskRun, end: RunEnd): Promise<Settlement> {
  run.log.line(settlementOf(end).logText, 'DEBUG');
  await run.journal.write({ step: 'ended', end });
  return finish(run, end);
}

/** The part of `settle` that a daemon killed after the journal's step has still to do. */
export async function finish(run: TaskRun, end: RunEnd): Promise<Settlement> {
  const settlement = settlementOf(end);
  await run.log.close();
  await reportStatus(run, settlement);
  await run.journal.write({ step: 'reported' });
  return settlement;
}

async function reportStatus(run: TaskRun, settlement: Settlement): Promise<void> {
  const { ctx, task } = run;
  if (settlement.call === undefined || !ctx.reportsStatus) return;
  try {
    await ctx.tasks[settlement.call]({
      task,
      status_reason: settlement.status_reason,
      status_message: changedBy(ctx.workerId),
    });
  } catch (error) {
    // The task, or somebody in the web UI, gave it a status of its own; that one stands.
    ctx.logger.warn(`task ${task}: status "${settlement.call}" was not taken: ${causeLine(error)}`);
  }
}
