import { writeFile } from 'node:fs/promises';
import { jobFiles } from './slurm-ref.js';

const BEAT_MS = 60_000;
/** Longer than the update of a daemon takes, and than a file server is away. */
const LIMIT_SECONDS = 600;

export interface BeatTimes {
  beatMs: number;
  limitSeconds: number;
}

/**
 * Tells the scripts of jobs in which tasks are prepared that the agent lives: a job whose agent never comes back ends by
 * itself and does not keep its node until its time limit.
 */
export class JobBeats {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #times: BeatTimes;

  constructor(signal: AbortSignal, times: Partial<BeatTimes> = {}) {
    this.#times = { beatMs: BEAT_MS, limitSeconds: LIMIT_SECONDS, ...times };
    signal.addEventListener('abort', () => this.#endAll(), { once: true });
  }

  /** Begins before the job is submitted. */
  async begin(folder: string): Promise<void> {
    let count = 0;
    const beat = () =>
      writeFile(jobFiles(folder).alive, `${++count} ${this.#times.limitSeconds}\n`, { mode: 0o600 });
    await beat();
    // A folder that cannot be written to for a while is what the limit is for.
    const timer = setInterval(() => void beat().catch(() => undefined), this.#times.beatMs);
    this.#timers.set(folder, timer.unref());
  }

  end(folder: string): void {
    clearInterval(this.#timers.get(folder));
    this.#timers.delete(folder);
  }

  #endAll(): void {
    for (const folder of [...this.#timers.keys()]) this.end(folder);
  }
}
