import { Counter, Histogram, Registry } from 'prom-client';

/** From a warm cache (0.1 s) to a large image or environment (an hour); seconds. */
const PHASE_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
/** From an agent that waits at the queue to a queue of days; seconds. */
const WAIT_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 14_400, 86_400, 604_800];
/** Of a command; seconds. */
const RUN_BUCKETS = [1, 10, 60, 300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 259_200, 604_800];

/** What a task can become. `put_back`: back in its queue; `unchanged`: a user has set its status; `handed_over`: to a later daemon. */
export const OUTCOMES = ['completed', 'failed', 'stopped', 'put_back', 'unchanged', 'handed_over'] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** What a daemon counts and measures of its tasks from its start on. Loaded only where metrics are served. */
export class RunMetrics {
  readonly registry = new Registry();
  readonly #worker: string;
  readonly #outcomes: Counter<'worker' | 'status'>;
  readonly #wait: Histogram<'worker'>;
  readonly #firstOutput: Histogram<'worker'>;
  readonly #phases: Histogram<'worker' | 'phase'>;
  readonly #commands: Histogram<'worker'>;

  constructor(worker: string) {
    this.#worker = worker;
    const registers = [this.registry];
    this.#outcomes = new Counter({
      name: 'clearml_agent_tasks_total',
      help: 'Tasks whose run ended, by what became of them.',
      labelNames: ['worker', 'status'],
      registers,
    });
    this.#wait = new Histogram({
      name: 'clearml_agent_queue_wait_seconds',
      help: 'Time from the entry of a task into its queue, by the clock of the server, to its pull.',
      labelNames: ['worker'],
      buckets: WAIT_BUCKETS,
      registers,
    });
    this.#firstOutput = new Histogram({
      name: 'clearml_agent_first_output_seconds',
      help: 'Time from the pull of a task to the first output of its command.',
      labelNames: ['worker'],
      buckets: PHASE_BUCKETS,
      registers,
    });
    this.#phases = new Histogram({
      name: 'clearml_agent_phase_seconds',
      help: 'Duration of the phases of a run but its command.',
      labelNames: ['worker', 'phase'],
      buckets: PHASE_BUCKETS,
      registers,
    });
    this.#commands = new Histogram({
      name: 'clearml_agent_command_seconds',
      help: 'Duration of the commands of tasks, as far as this daemon watched them.',
      labelNames: ['worker'],
      buckets: RUN_BUCKETS,
      registers,
    });
    // A counter that appears with its first event hides that event from a rate.
    for (const status of OUTCOMES) this.#outcomes.inc({ worker, status }, 0);
  }

  /**
   * @param queuedAt when the task came into its queue, by the server's clock
   * @param now milliseconds since the epoch
   */
  pulled(queuedAt: string | undefined, now: number): void {
    const since = Date.parse(queuedAt ?? '');
    // Clocks of two machines differ.
    if (!Number.isNaN(since)) this.#wait.observe({ worker: this.#worker }, Math.max(0, (now - since) / 1000));
  }

  phaseEnded({ name, seconds }: { name: string; seconds: number }): void {
    const worker = this.#worker;
    if (name === 'run') this.#commands.observe({ worker }, seconds);
    else this.#phases.observe({ worker, phase: name }, seconds);
  }

  firstOutput(seconds: number): void {
    this.#firstOutput.observe({ worker: this.#worker }, seconds);
  }

  ended(status: Outcome): void {
    this.#outcomes.inc({ worker: this.#worker, status });
  }
}
