import { isTaskGone } from '../api/errors.js';
import type { Workload } from '../drivers/driver.js';
import { causeLine } from '../errors.js';
import type { TaskRun } from './task-run.js';

/** Runtime property with why a scheduler lets a task wait that an agent has pulled; not there otherwise. */
const PENDING_REASON = 'pending_reason';

/** Keeps that property of a task. Nothing depends on it: what the server does not take is left out. */
export class PendingReason {
  readonly #run: Pick<TaskRun, 'ctx' | 'task' | 'notes'>;
  /** To be written. */
  #reason: string | undefined;
  #isNew: boolean;
  #writing: Promise<void> | undefined;

  /** @param unknown an earlier daemon may have written it */
  constructor(run: Pick<TaskRun, 'ctx' | 'task' | 'notes'>, unknown: boolean) {
    this.#run = run;
    this.#isNew = unknown;
  }

  note(reason: string | undefined): void {
    if (reason === this.#reason && !this.#isNew) return;
    this.#reason = reason;
    this.#isNew = true;
    this.#write();
  }

  /** Removes it at the end of the task. */
  async end(): Promise<void> {
    this.note(undefined);
    await this.#writing;
  }

  #write(): void {
    this.#writing ??= this.#writeLast().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeLast(): Promise<void> {
    const { ctx, task, notes } = this.#run;
    // They write the runtime as a whole, too.
    await Promise.allSettled(notes);
    while (this.#isNew) {
      const reason = this.#reason;
      this.#isNew = false;
      try {
        const { runtime } = await ctx.tasks.getById(task, { retry: 'none' });
        if (runtime?.[PENDING_REASON] === reason) continue;
        const change = { ...runtime, [PENDING_REASON]: reason };
        await ctx.tasks.edit({ task, force: true, runtime: change }, { retry: 'none' });
      } catch (error) {
        if (!isTaskGone(error))
          ctx.logger.debug(`task ${task}: cannot note why it is pending: ${causeLine(error)}`);
      }
    }
  }
}

/** Notes why a run waits; does nothing where the agent reports no status. */
export function notePending(run: TaskRun, reason: string | undefined): void {
  if (!run.ctx.reportsStatus) return;
  run.pending ??= new PendingReason(run, run.record === undefined);
  run.pending.note(reason);
}

/** The same for a command, also for one that an earlier daemon saw waiting and that has ended since. */
export function watchPending(run: TaskRun, workload: Workload): void {
  if (workload.onPending === undefined || !run.ctx.reportsStatus) return;
  run.pending ??= new PendingReason(run, run.record === undefined);
  workload.onPending((reason) => run.pending?.note(reason));
}
