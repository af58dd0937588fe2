import { isPending, type ListedJob } from './job-list.js';
import type { SlurmCommands } from './slurm-commands.js';

/** Beyond the grace, for the script's own kill on a busy node. A job that this cancels looks as if a user had done it. */
const SLACK_MS = 30_000;

/**
 * What is sent to a job that has to end. TERM goes to the script alone, which has the grace: Slurm's own is KillWait, the
 * same for all jobs. A job that waits or is suspended runs no script that could hear it.
 */
export class StopOrders {
  readonly #commands: SlurmCommands;
  #asked: number | undefined;
  #cancelled = false;

  constructor(commands: SlurmCommands) {
    this.#commands = commands;
  }

  /** Milliseconds since the first order. */
  get sinceMs(): number {
    return this.#asked === undefined ? 0 : performance.now() - this.#asked;
  }

  async give(job: ListedJob, graceMs: number): Promise<void> {
    const over = this.sinceMs > graceMs + SLACK_MS;
    if (isPending(job) || job.state === 'SUSPENDED' || (over && !this.#cancelled)) {
      await this.#commands.cancel(job.id);
      this.#cancelled = !isPending(job);
    } else if (this.#asked === undefined) {
      await this.#commands.term(job.id);
    }
    this.#asked ??= performance.now();
  }
}
