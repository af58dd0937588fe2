import { setTimeout as sleep } from 'node:timers/promises';
import { API_PROBLEM, isApiError } from '../../api/errors.js';
import type { TaskOwner } from '../../api/owner.js';
import type { QueueRecord, QueuesApi } from '../../api/queues.js';
import type { TaskStanding } from '../../api/tasks.js';
import { causeLine } from '../../errors.js';
import { type QueueState, queuesToAsk } from './queue-order.js';

export interface PulledTask {
  task: string;
  queue: string;
  /** User and company of the task's owner, where asked for. */
  owner?: Partial<TaskOwner>;
}

export interface PollerOptions {
  queues: Pick<QueuesApi, 'getNextTask'>;
  /** Tags and entries of the queues that are served, in the order given by the user. */
  look(signal: AbortSignal): Promise<readonly QueueRecord[]>;
  order: 'priority' | 'fair';
  intervalMs: number;
  /** Says whether a queue may be pulled from now; `tags` are the queue's. */
  allowed(queue: { id: string; name?: string; tags: readonly string[] }): boolean;
  /** Called before a task is taken off its queue, so that a crash in between can be mended. */
  beforePop?(candidate: { task: string; queue: string }): Promise<void>;
  /** Asked after an answer that was lost on its way; `undefined` when the server does not say. */
  taskStatus(task: string, signal: AbortSignal): Promise<TaskStanding | undefined>;
  wantOwner?: boolean;
  warn(text: string): void;
}

/** The wait is up to this part longer than the interval, so that a fleet of agents does not ask in step. */
const JITTER = 0.2;

/** A pipeline queues its next step when one has ended, so the first looks come close together. */
const FIRST_WAITS_MS = [250, 500, 1000];

/** Asks the server's queues for the next task. */
export class Poller {
  readonly #options: PollerOptions;
  #lastServed: string | undefined;
  /** What was asked for when the connection broke: the server may have taken it off its queue. */
  #doubtful: { task: string; queue: string } | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** Waits until there is a task and takes it. `undefined` once the signal aborts. */
  async next(signal: AbortSignal): Promise<PulledTask | undefined> {
    for (let looks = 0; !signal.aborted; looks += 1) {
      const pulled = await this.#pass(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#options.warn(`cannot ask the queues: ${causeLine(error)}`);
        return undefined;
      });
      if (pulled) return pulled;
      await pause(this.#waitAfter(looks) * (1 + Math.random() * JITTER), signal);
    }
    return undefined;
  }

  /** A lost answer takes the whole interval to become clear. */
  #waitAfter(looks: number): number {
    const { intervalMs } = this.#options;
    const first = this.#doubtful === undefined ? FIRST_WAITS_MS[looks] : undefined;
    return Math.min(first ?? intervalMs, intervalMs);
  }

  async #pass(signal: AbortSignal): Promise<PulledTask | undefined> {
    const states = await this.#look(signal);
    const lost = await this.#lostAnswer(states, signal);
    if (lost) return lost;
    for (const queue of queuesToAsk(states, this.#options.order, this.#lastServed)) {
      if (signal.aborted) return undefined;
      const pulled = await this.#pop(queue, signal).catch((error: unknown) => {
        // Deleted since the look.
        if (!isApiError(error, ...API_PROBLEM.invalidQueue)) throw error;
        this.#doubtful = undefined;
        return undefined;
      });
      if (pulled) {
        this.#lastServed = queue.id;
        return pulled;
      }
    }
    return undefined;
  }

  async #look(signal: AbortSignal): Promise<QueueState[]> {
    const { look, allowed } = this.#options;
    return (await look(signal)).map(({ id, name, tags = [], entries }) => ({
      id,
      entries: entries?.map((entry) => entry.task),
      allowed: allowed({ id, tags, ...(name ? { name } : {}) }),
    }));
  }

  async #pop(queue: QueueState, signal: AbortSignal): Promise<PulledTask | undefined> {
    const candidate = queue.entries?.[0];
    const asked = candidate ? { task: candidate, queue: queue.id } : undefined;
    if (asked) await this.#options.beforePop?.(asked);
    this.#doubtful = asked;
    const answer = await this.#options.queues.getNextTask(
      { queue: queue.id, ...(this.#options.wantOwner ? { get_task_info: true } : {}) },
      { signal, retry: 'none', sendOnce: true },
    );
    this.#doubtful = undefined;
    const task = answer.entry?.task;
    return task
      ? { task, queue: queue.id, ...(answer.task_info ? { owner: answer.task_info } : {}) }
      : undefined;
  }

  /**
   * Settles a pop whose answer never came: the task is ours when it is in no queue and nobody started it. Looked
   * at one interval later, by when another agent that took it would have started it.
   */
  async #lostAnswer(states: readonly QueueState[], signal: AbortSignal): Promise<PulledTask | undefined> {
    const doubtful = this.#doubtful;
    if (doubtful === undefined) return undefined;
    const waiting = states.some((queue) => queue.entries?.includes(doubtful.task));
    const standing = waiting ? 'missing' : await this.#options.taskStatus(doubtful.task, signal);
    if (standing === undefined) return undefined;
    this.#doubtful = undefined;
    return standing !== 'missing' && standing.status === 'queued' ? doubtful : undefined;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
