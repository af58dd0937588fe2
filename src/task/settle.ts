import { causeLine } from '../errors.js';
import { changedBy } from './claim.js';
import type { RunSignals } from './context.js';
import { type RunEnd, type Settlement, settlementOf } from './outcome.js';
import type { RunResult, TaskRun } from './run.js';

/**
 * Ends a run: the end goes to the journal, then the rest of the log and the final status to the server.
 * Repeating it after a crash is safe: a status that is set already is refused by the server and that is fine.
 */
export async function settle(run: TaskRun, end: RunEnd): Promise<RunResult> {
  run.log.endOutput();
  run.log.line(settlementOf(end).logText, 'DEBUG');
  await run.journal.write({ step: 'ended', end });
  return finish(run, end);
}

/**
 * The part of `settle` that a daemon killed after the journal's step has still to do. Waits for a server that is
 * away; an agent that is to end leaves it to the next one.
 */
export async function finish(run: TaskRun, end: RunEnd): Promise<RunResult> {
  const settlement = settlementOf(end);
  const patience = new Patience(run.signals);
  try {
    const complete = await run.log.close(patience.signal);
    if (!complete || !(await reportStatus(run, settlement, patience.signal))) return 'handed-over';
  } finally {
    patience.close();
  }
  await run.journal.write({ step: 'reported' });
  return settlement;
}

/** @returns false when the agent was told to end before the server answered */
async function reportStatus(run: TaskRun, settlement: Settlement, signal: AbortSignal): Promise<boolean> {
  const { ctx, task } = run;
  if (settlement.call === undefined || !ctx.reportsStatus) return true;
  const { status_reason } = settlement;
  const change = { task, status_reason, status_message: changedBy(ctx.workerId) };
  try {
    await ctx.tasks[settlement.call](change, { signal });
  } catch (error) {
    if (signal.aborted) return false;
    // The task, or somebody in the web UI, gave it a status of its own; that one stands.
    ctx.logger.warn(`task ${task}: status "${settlement.call}" was not taken: ${causeLine(error)}`);
  }
  return true;
}

/** An agent that is to end waits this much longer for the server. */
const LAST_WAIT_MS = 5000;

/** Unlimited until the agent is told to end, short from then on. */
class Patience {
  readonly #controller = new AbortController();
  readonly #listening = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor({ stop, handOver }: RunSignals) {
    const begin = () => {
      this.#timer ??= setTimeout(() => this.#controller.abort(), LAST_WAIT_MS);
    };
    for (const signal of [stop, handOver]) {
      if (signal.aborted) begin();
      signal.addEventListener('abort', begin, { signal: this.#listening.signal });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  close(): void {
    this.#listening.abort();
    clearTimeout(this.#timer);
  }
}
