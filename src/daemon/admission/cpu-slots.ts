import type { ResourceShare } from '../../container/resources/resource-words.js';
import { lacking, type SlotBudget } from './slot-budget.js';

/** The CPU slots of a daemon and what their tasks take of its budget. */
export class CpuSlots {
  readonly #budget: SlotBudget;
  readonly #taken = new Map<number, ResourceShare>();

  constructor(budget: SlotBudget) {
    this.#budget = budget;
  }

  /** @returns the number of the slot; a text says what is lacking; `undefined` while no slot is free */
  take(share: ResourceShare): number | string | undefined {
    const { slots } = this.#budget;
    for (let slot = 0; slot < slots; slot += 1) {
      if (this.#taken.has(slot)) continue;
      const problem = lacking(share, [...this.#taken.values()], this.#budget);
      if (problem !== undefined) return problem;
      this.#taken.set(slot, share);
      return slot;
    }
    return undefined;
  }

  /** Has again what a run of an earlier daemon takes. */
  hold(slot: number, share: ResourceShare): void {
    this.#taken.set(slot, share);
  }

  release(slot: number): void {
    this.#taken.delete(slot);
  }
}
