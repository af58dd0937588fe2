import type { StopOrder } from '../../task/context.js';

/** @returns whether it has an effect: not for one that is being stopped or reported already */
export type StopRun = (order: StopOrder) => boolean;

/** Ends single runs of a daemon that itself continues. */
export class RunStops {
  readonly #stops = new Map<string, StopRun>();

  /** @returns takes it away again */
  add(task: string, stop: StopRun): () => void {
    this.#stops.set(task, stop);
    return () => {
      if (this.#stops.get(task) === stop) this.#stops.delete(task);
    };
  }

  /** @returns false where the task does not run here or ends already */
  stop(task: string, { cause, requeue }: StopOrder): boolean {
    return this.#stops.get(task)?.({ cause, requeue }) ?? false;
  }
}
