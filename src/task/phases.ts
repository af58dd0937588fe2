import type { TaskRecord } from '../api/task-record.js';
import type { Workload } from '../drivers/driver.js';
import type { Halt } from './abort/halt.js';
import type { EarlyWork } from './early-work.js';
import type { RunEnd } from './outcome.js';
import type { PreparedTask } from './prepare.js';
import type { TaskRun } from './task-run.js';

/** What the phases of a run hand on to each other; each phase fills in its part. */
export interface Attempt {
  readonly run: TaskRun;
  record?: TaskRecord;
  /** Begins with the claim. */
  early?: Promise<EarlyWork | undefined>;
  halt?: Halt;
  prepared?: PreparedTask;
  workload?: Workload;
}

/**
 * One step of the life of a task. The lists in `run.ts` name all steps in their order.
 *
 * A phase that ends the run answers with its end, and no later phase is set up.
 */
export interface Phase {
  /** For the agent's own log. */
  readonly title: string;
  /** @throws what `PhaseRules.failed` makes an end of */
  setup(attempt: Attempt): Promise<RunEnd | undefined>;
  /** Undoes the set-up, also of one that failed half-way. Runs once the end is with the server. */
  teardown?(attempt: Attempt): void | Promise<void>;
}

export interface PhaseRules<T> {
  /** What an error in a set-up means for the run; throws it where it means nothing. */
  failed(error: unknown, attempt: Attempt): RunEnd | undefined;
  /** Reports the end; without one the run is handed over to a later daemon. */
  conclude(end: RunEnd | undefined, attempt: Attempt): Promise<T>;
}

/**
 * Sets up the phases in order until one ends the run, concludes it, and tears down in the opposite order. A teardown is due
 * from the moment that its set-up begins.
 */
export async function runPhases<T>(
  attempt: Attempt,
  phases: readonly Phase[],
  rules: PhaseRules<T>,
): Promise<T> {
  const begun: Phase[] = [];
  try {
    return await rules.conclude(await endOf(attempt, phases, { begun, rules }), attempt);
  } finally {
    for (const phase of begun.reverse()) await phase.teardown?.(attempt);
  }
}

async function endOf<T>(
  attempt: Attempt,
  phases: readonly Phase[],
  { begun, rules }: { begun: Phase[]; rules: PhaseRules<T> },
): Promise<RunEnd | undefined> {
  const { ctx, task, watcher } = attempt.run;
  try {
    for (const phase of phases) {
      begun.push(phase);
      ctx.logger.debug(`task ${task}: ${phase.title}`);
      watcher?.phase(phase.title);
      const end = await phase.setup(attempt);
      if (end !== undefined || attempt.halt?.handedOver === true) return end;
    }
    return undefined;
  } catch (error) {
    return rules.failed(error, attempt);
  }
}
