import { ApiError } from '../../src/api/errors.js';
import type { NextTask, QueueRecord } from '../../src/api/queues.js';
import { LastActivity } from '../../src/daemon/queues/last-activity.js';
import { Poller, type PollerOptions } from '../../src/daemon/queues/poller.js';
import { priorityOrder } from '../../src/daemon/queues/queue-order.js';
import { VanishedTasks, type VanishedTasksOptions } from '../../src/daemon/queues/vanished-tasks.js';

/** Queues in memory that count the calls made to them. */
export class MemoryQueues {
  readonly calls: string[] = [];
  /** Thrown by the next pop, after the task was taken off. */
  breakNextPop = false;
  /** What others do between the look and the pop. */
  beforeAnswer: (() => void) | undefined;
  /** What others do just before a task is moved. */
  beforeMove: (() => void) | undefined;
  /** Whether a look names the entries. */
  tellLength = true;
  readonly #queues: QueueRecord[];

  constructor(content: Record<string, string[]>) {
    this.#queues = Object.entries(content).map(([id, tasks]) => ({
      id,
      tags: [],
      entries: tasks.map((task) => ({ task })),
    }));
  }

  /** As another agent does. */
  take(queue: string): string | undefined {
    return this.#queues.find(({ id }) => id === queue)?.entries?.shift()?.task;
  }

  add(queue: string, task: string): void {
    this.#queues.find(({ id }) => id === queue)?.entries?.push({ task });
  }

  addInFront(queue: string, task: string): void {
    this.#queues.find(({ id }) => id === queue)?.entries?.unshift({ task });
  }

  async moveTaskToFront({ queue, task }: { queue: string; task: string }): Promise<void> {
    this.calls.push(`move ${task}`);
    const entries = this.#queues.find(({ id }) => id === queue)?.entries ?? [];
    this.beforeMove?.();
    const at = entries.findIndex((entry) => entry.task === task);
    if (at < 0) throw refusal(703);
    entries.unshift(...entries.splice(at, 1));
  }

  async getAll(): Promise<QueueRecord[]> {
    this.calls.push('look');
    if (!this.tellLength) return this.#queues.map(({ id }) => ({ id }));
    return structuredClone(this.#queues);
  }

  async getNextTask({ queue, task }: { queue: string; task?: string }): Promise<NextTask> {
    this.calls.push(`pop ${task ?? queue}`);
    this.beforeAnswer?.();
    const entries = this.#queues.find(({ id }) => id === queue)?.entries;
    if (task !== undefined && entries?.[0]?.task !== task) return {};
    const entry = entries?.shift();
    if (this.breakNextPop) {
      this.breakNextPop = false;
      throw new Error('connection reset');
    }
    return entry ? { entry } : {};
  }
}

/** How the server refuses a move, by its code. */
export function refusal(subcode: number): ApiError {
  return new ApiError({ endpoint: 'queues.move_task_to_front', status: 400, subcode, message: 'refused' });
}

/** A grant without anything of the machine. */
export const NOTHING_HELD = { begin: async () => undefined, release: async () => undefined };

/** Parts of a poller that a test replaces. */
export interface PollerParts extends Partial<PollerOptions> {
  taskStatus?: VanishedTasksOptions['taskStatus'];
  isHeld?: VanishedTasksOptions['isHeld'];
  afterMs?: number;
}

/** A poller of queues in memory, with what it did; `content`: tasks by queue. */
export function pollerUnderTest(
  content: Record<string, string[]>,
  { taskStatus, isHeld, afterMs = 0, ...over }: PollerParts = {},
) {
  const queues = new MemoryQueues(content);
  const putBack: string[] = [];
  const vanished = new VanishedTasks({
    taskStatus: taskStatus ?? (async () => ({ status: 'queued' })),
    isHeld: isHeld ?? (async () => false),
    putBack: async ({ task, queue }) => {
      putBack.push(task);
      queues.addInFront(queue, task);
    },
    warn: () => undefined,
    afterMs,
  });
  const poller = new Poller({
    queues,
    look: () => queues.getAll(),
    order: priorityOrder(),
    pace: { kind: 'fixed', ms: 1 },
    activity: new LastActivity(),
    allowed: () => true,
    vanished,
    warn: () => undefined,
    ...over,
  });
  return { queues, putBack, vanished, poller, next: () => poller.next(AbortSignal.timeout(2000)) };
}
