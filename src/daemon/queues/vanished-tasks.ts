import type { TaskStanding } from '../../api/tasks.js';
import { causeLine } from '../../errors.js';
import { PULLED } from '../../task/status-texts.js';

/** A task that may have been taken off its queue without anybody having it. */
export interface DoubtfulTask {
  task: string;
  queue: string;
}

export interface VanishedTasksOptions {
  /** `undefined` when the server does not say. */
  taskStatus(task: string, signal: AbortSignal): Promise<TaskStanding | undefined>;
  /** Whether another worker reports the task as its own. */
  isHeld(task: string, signal: AbortSignal): Promise<boolean>;
  /** Puts it to the front of its queue. */
  putBack(vanished: DoubtfulTask): Promise<void>;
  warn(text: string): void;
  /** How long it must have been `queued` and in no queue. */
  afterMs?: number;
}

/** Far longer than an agent takes from the pop to the start of a task: a slow one looks like a lost answer. */
const AFTER_MS = 30_000;

interface Doubt extends DoubtfulTask {
  /** First seen in no queue, by the monotonic clock. */
  since?: number;
  /** Called once it is clear what became of it; more than one run may have met it. */
  settled: (() => Promise<void>)[];
}

/**
 * Finds tasks that a pop took off their queue and whose answer never came. Any entry of the queue may be the one:
 * another agent may have taken the first in between.
 */
export class VanishedTasks {
  readonly #options: VanishedTasksOptions;
  readonly #doubts = new Map<string, Doubt>();

  constructor(options: VanishedTasksOptions) {
    this.#options = options;
  }

  /** Those that are not clear yet. */
  get doubtful(): DoubtfulTask[] {
    return [...this.#doubts.values()].map(({ task, queue }) => ({ task, queue }));
  }

  note({ task, queue }: DoubtfulTask, settled?: () => Promise<void>): void {
    const doubt = this.#doubts.get(task) ?? { task, queue, settled: [] };
    if (settled !== undefined) doubt.settled.push(settled);
    this.#doubts.set(task, doubt);
  }

  /** An answer named it. */
  async settle(task: string): Promise<void> {
    const doubt = this.#doubts.get(task);
    this.#doubts.delete(task);
    for (const settled of doubt?.settled ?? []) await settled();
  }

  /** @param waits whether a task is in a queue, by a look that came after it was noted */
  async look(waits: (task: string) => boolean, signal: AbortSignal): Promise<void> {
    for (const doubt of [...this.#doubts.values()]) {
      if (waits(doubt.task) || (await this.#isClear(doubt, signal))) await this.settle(doubt.task);
    }
  }

  async #isClear(doubt: Doubt, signal: AbortSignal): Promise<boolean> {
    const { taskStatus, isHeld, putBack, warn, afterMs = AFTER_MS } = this.#options;
    const { task } = doubt;
    const standing = await taskStatus(task, signal);
    if (standing === undefined) return false;
    if (standing === 'missing' || !isNobodys(standing)) return true;
    doubt.since ??= performance.now();
    if (performance.now() - doubt.since < afterMs) return false;
    try {
      if (await isHeld(task, signal)) {
        // That worker may be dead and leave the list later; one that lives starts the task.
        doubt.since = performance.now();
        return false;
      }
      await putBack(doubt);
      return true;
    } catch (error) {
      if (!signal.aborted)
        warn(`task ${task}: is in no queue and cannot be put back yet: ${causeLine(error)}`);
      return false;
    }
  }
}

/** Also between its queue and its start, where an agent stays for a moment only. */
function isNobodys({ status, status_message }: Exclude<TaskStanding, 'missing'>): boolean {
  return status === 'queued' || (status === 'created' && status_message === PULLED);
}
