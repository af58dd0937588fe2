import type { Figure } from '../monitor/figures.js';
import { FAILURE_CLASSES, type FailureClass } from '../task/failure-class.js';
import type { RunResult } from '../task/run.js';

/** Counts how the attempts of a daemon failed, since it was started. */
export class FailureTally {
  readonly #failed = new Map<FailureClass, number>();
  readonly #retried = new Map<FailureClass, number>();

  note(result: RunResult | undefined): void {
    if (result === undefined || result === 'handed-over' || result.failure === undefined) return;
    add(this.#failed, result.failure);
    if (result.retried) add(this.#retried, result.failure);
  }

  /** Every class is there from the start: a counter that appears with its first event hides that event from a rate. */
  figures(worker: string): Figure[] {
    const counter = (name: string, help: string, counts: ReadonlyMap<FailureClass, number>): Figure[] =>
      FAILURE_CLASSES.map((kind) => ({
        name: `clearml_agent_${name}_total`,
        help,
        kind: 'counter',
        value: counts.get(kind) ?? 0,
        labels: { worker, class: kind },
      }));
    return [
      ...counter('task_failures', 'Attempts at tasks that failed, by class.', this.#failed),
      ...counter('task_retries', 'Failed attempts whose task went back to its queue.', this.#retried),
    ];
  }
}

function add(counts: Map<FailureClass, number>, kind: FailureClass): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}
