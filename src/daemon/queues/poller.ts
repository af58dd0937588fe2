import { setTimeout as sleep } from 'node:timers/promises';
import { API_PROBLEM, isApiError } from '../../api/errors.js';
import type { TaskOwner } from '../../api/owner.js';
import type { QueueRecord, QueuesApi } from '../../api/queues.js';
import { causeLine } from '../../errors.js';
import { lateAbort } from '../../os/late-abort.js';
import type { Grant } from '../admission/grant.js';
import type { LastActivity } from './last-activity.js';
import { type Pace, waitAfterLook } from './pace.js';
import type { DoubtfulTask, VanishedTasks } from './vanished-tasks.js';

export interface PulledTask {
  task: string;
  queue: string;
  /** When it was put there, by the server's clock. */
  queuedAt?: string;
  /** User and company of the task's owner, where asked for. */
  owner?: Partial<TaskOwner>;
  /** What its run holds of the machine. */
  grant?: Grant;
}

export interface PollerOptions {
  queues: Pick<QueuesApi, 'getNextTask'>;
  /** Tags and entries of the queues that are served, in the order given by the user. */
  look(signal: AbortSignal): Promise<readonly QueueRecord[]>;
  order: 'priority' | 'fair';
  pace: Pace;
  activity: LastActivity;
  /** Says whether a queue may be pulled from now; `tags` are the queue's. */
  allowed(queue: { id: string; name?: string; tags: readonly string[] }): boolean;
  /** Holds what a task of the queue needs before it is taken; `undefined` while that is not free. */
  admit?(queue: Omit<QueueState, 'allowed'>): Promise<Grant | undefined>;
  /** Called with each look: ids of the queues that have a task and may be pulled from. */
  looked?(queues: readonly string[]): void;
  /** Waits for the next look, or for what may be free by now. */
  wait?(ms: number, signal: AbortSignal): Promise<void>;
  /**
   * Called before a task is taken off its queue, so that a crash in between can be mended; `others` may be taken
   * instead of it, or have been taken before.
   */
  beforePop?(candidate: DoubtfulTask & { others: readonly DoubtfulTask[] }): Promise<void>;
  /** Told what may have been taken when an answer is lost on its way. */
  vanished: VanishedTasks;
  wantOwner?: boolean;
  warn(text: string): void;
}

/** Entries of a queue that are looked at after a lost answer: more agents do not pop between a look and a pop. */
const MOST_SEEN = 100;

/** The end of the daemon does not abort a pop: its task would be in no queue and with no agent. */
const ANSWER_MS = 5000;

/** Asks the server's queues for the next task. */
export class Poller {
  readonly #options: PollerOptions;
  #lastServed: string | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /**
   * Waits until there is a task and takes it. `undefined` once the signal aborts; an answer that is on its way then is
   * waited for, and may bring a task.
   */
  async next(signal: AbortSignal): Promise<PulledTask | undefined> {
    const { pace, activity, wait = pause } = this.#options;
    for (let looks = 0; !signal.aborted; looks += 1) {
      const begun = performance.now();
      const pulled = await this.#pass(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#options.warn(`cannot ask the queues: ${causeLine(error)}`);
        return undefined;
      });
      if (pulled) {
        activity.note();
        return pulled;
      }
      const standing = { quietMs: activity.quietMs, looks, lookMs: performance.now() - begun };
      await wait(waitAfterLook(pace, standing, Math.random()), signal);
    }
    return undefined;
  }

  /**
   * Finds out once more what became of tasks that may have been taken without an answer, as far as the server says so
   * before the signal aborts.
   */
  async settleDoubts(signal: AbortSignal): Promise<void> {
    if (this.#options.vanished.doubtful.length > 0) await this.#lookAround(signal).catch(() => undefined);
  }

  async #pass(signal: AbortSignal): Promise<PulledTask | undefined> {
    const states = await this.#lookAround(signal);
    const asked = queuesToAsk(states, this.#options.order, this.#lastServed);
    this.#options.looked?.(asked.map(({ id }) => id));
    this.#options.activity.entriesSeen(asked.map(({ entries = [] }) => entries));
    for (const queue of asked) {
      if (signal.aborted) return undefined;
      const pulled = await this.#take(queue, signal).catch((error: unknown) => {
        // Deleted since the look.
        if (!isApiError(error, ...API_PROBLEM.invalidQueue)) throw error;
        return undefined;
      });
      if (pulled) {
        this.#lastServed = queue.id;
        return pulled;
      }
    }
    return undefined;
  }

  async #lookAround(signal: AbortSignal): Promise<QueueState[]> {
    const states = await this.#look(signal);
    const waits = (task: string) => states.some((queue) => queue.entries?.includes(task));
    await this.#options.vanished.look(waits, signal);
    return states;
  }

  async #look(signal: AbortSignal): Promise<QueueState[]> {
    const { look, allowed } = this.#options;
    return (await look(signal)).map(({ id, name, tags = [], entries }) => ({
      id,
      ...(name ? { name } : {}),
      entries: entries?.map((entry) => entry.task),
      ...(entries?.[0]?.added ? { waitsSince: entries[0].added } : {}),
      allowed: allowed({ id, tags, ...(name ? { name } : {}) }),
    }));
  }

  /** A task that did not come needs nothing. */
  async #take(queue: QueueState, signal: AbortSignal): Promise<PulledTask | undefined> {
    const { admit } = this.#options;
    if (admit === undefined) return this.#pop(queue, signal);
    const grant = await admit(queue);
    if (grant === undefined) return undefined;
    const pulled = await this.#pop(queue, signal).catch(async (error: unknown) => {
      await grant.release();
      throw error;
    });
    if (pulled !== undefined) return { ...pulled, grant };
    await grant.release();
    return undefined;
  }

  async #pop(queue: QueueState, signal: AbortSignal): Promise<PulledTask | undefined> {
    const { vanished, queues, beforePop, wantOwner } = this.#options;
    const [first, ...rest] = (queue.entries ?? []).slice(0, MOST_SEEN).map((task) => {
      return { task, queue: queue.id };
    });
    if (first) await beforePop?.({ ...first, others: [...rest, ...vanished.doubtful] });
    const patience = lateAbort([signal], ANSWER_MS);
    try {
      const answer = await queues.getNextTask(
        { queue: queue.id, ...(wantOwner ? { get_task_info: true } : {}) },
        { signal: patience.signal, retry: 'none', sendOnce: true },
      );
      const { task, added } = answer.entry ?? {};
      if (!task) return undefined;
      await vanished.settle(task);
      return {
        task,
        queue: queue.id,
        ...(added === undefined ? {} : { queuedAt: added }),
        ...(answer.task_info ? { owner: answer.task_info } : {}),
      };
    } catch (error) {
      const seen = first === undefined ? [] : [first, ...rest];
      if (!isApiError(error, ...API_PROBLEM.invalidQueue)) for (const one of seen) vanished.note(one);
      throw error;
    } finally {
      patience.close();
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** What the server says of one queue in a pass. */
interface QueueState {
  id: string;
  name?: string;
  /** Waiting tasks, first to be taken first; `undefined` when the server does not tell. */
  entries: readonly string[] | undefined;
  /** When the first of them was put there. */
  waitsSince?: string;
  /** Whether schedule, tags and properties allow pulling from it now. */
  allowed: boolean;
}

/**
 * The queues to ask in this pass, in order.
 *
 * Priority order starts at the first queue every time. Fair order starts after the queue that was served last,
 * so each queue gets its turn however full the others are.
 *
 * @param lastServed id of the queue that gave the last task
 */
export function queuesToAsk(
  queues: readonly QueueState[],
  order: 'priority' | 'fair',
  lastServed: string | undefined,
): QueueState[] {
  const start = order === 'fair' ? queues.findIndex((queue) => queue.id === lastServed) + 1 : 0;
  const turn = [...queues.slice(start), ...queues.slice(0, start)];
  return turn.filter((queue) => queue.allowed && queue.entries?.length !== 0);
}
