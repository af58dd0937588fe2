import { setTimeout as sleep } from 'node:timers/promises';
import { API_PROBLEM, isApiError } from '../../api/errors.js';
import type { QueueRecord } from '../../api/queues.js';
import { causeLine } from '../../errors.js';
import type { Grant } from '../admission/grant.js';
import type { AskingQueue } from '../admission/reservations.js';
import type { LastActivity } from './last-activity.js';
import { type Pace, waitAfterLook } from './pace.js';
import { type PulledTask, type PullOptions, pullTask, type WantedTask } from './pull.js';
import type { QueueOrder } from './queue-order.js';
import type { UserTurns } from './user-turns.js';

export interface PollerOptions extends PullOptions {
  /** Tags and entries of the queues that are served, in the order given by the user. */
  look(signal: AbortSignal): Promise<readonly QueueRecord[]>;
  order: QueueOrder;
  pace: Pace;
  activity: LastActivity;
  /** Says whether a queue may be pulled from now; `tags` are the queue's. */
  allowed(queue: { id: string; name?: string; tags: readonly string[] }): boolean;
  /** Holds what a task of the queue needs before it is taken; `undefined` while that is not free. */
  admit?(queue: AskingQueue): Promise<Grant | undefined>;
  /** Answers later whether something that a task may need was given back since this call. */
  releasesSince?(): () => boolean;
  /** Called with each look: ids of the queues that have a task and may be pulled from. */
  looked?(queues: readonly string[]): void;
  /** Waits for the next look, or for what may be free by now. */
  wait?(ms: number, signal: AbortSignal): Promise<void>;
  /** Whose turn it is among the users of a queue; tasks are taken as they wait without it. */
  users?: Pick<UserTurns, 'learn' | 'arrange' | 'pulled'> | undefined;
  warn(text: string): void;
}

/** How often the queues are asked in one pass, while what they need comes free between them. */
const MOST_ROUNDS = 3;

/** Tasks of a queue that are tried when other agents take them at the same time. */
const MOST_TRIES = 3;

/** Asks the server's queues for the next task. */
export class Poller {
  readonly #options: PollerOptions;

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
    const { order, looked, activity, releasesSince, users } = this.#options;
    const asked = order.arrange(states).filter(mayHaveTask);
    looked?.(asked.map(({ id }) => id));
    activity.entriesSeen(asked.map(tasksOf));
    await users?.learn(states, asked, signal);
    for (let round = 1; !signal.aborted; round += 1) {
      const hasChanged = round < MOST_ROUNDS ? releasesSince?.() : undefined;
      const found = await this.#ask(asked, hasChanged, signal);
      if (found !== 'again') return found;
    }
    return undefined;
  }

  /**
   * @param hasChanged whether something was given back meanwhile
   * @returns `again` where a queue would get what one before it in order was refused a moment ago
   */
  async #ask(
    asked: readonly QueueState[],
    hasChanged: (() => boolean) | undefined,
    signal: AbortSignal,
  ): Promise<PulledTask | 'again' | undefined> {
    const { admit, order, users } = this.#options;
    let refused = false;
    for (const queue of asked) {
      if (signal.aborted) return undefined;
      const wanted = this.#wantedOf(queue);
      const grant = await admit?.(askingOf(queue, wanted));
      if (admit !== undefined && grant === undefined) {
        refused = true;
        continue;
      }
      if (refused && hasChanged?.()) {
        await grant?.release();
        return 'again';
      }
      const pulled = await this.#take(wantedFor(grant, wanted), grant, signal);
      if (pulled === undefined) continue;
      order.pulled(queue.id);
      users?.pulled(pulled.task, pulled.owner?.user);
      return pulled;
    }
    return undefined;
  }

  async #lookAround(signal: AbortSignal): Promise<QueueState[]> {
    const states = await this.#look(signal);
    const waits = (task: string) => states.some(({ entries }) => entries?.some((one) => one.task === task));
    await this.#options.vanished.look(waits, signal);
    return states;
  }

  async #look(signal: AbortSignal): Promise<QueueState[]> {
    const { look, allowed } = this.#options;
    return (await look(signal)).map(({ id, name, tags = [], entries }) => ({
      id,
      ...(name ? { name } : {}),
      entries,
      allowed: allowed({ id, tags, ...(name ? { name } : {}) }),
    }));
  }

  /** The tasks to try, in order. */
  #wantedOf(queue: QueueState): [WantedTask, ...WantedTask[]] {
    const seen = tasksOf(queue);
    const [first, ...others] = (this.#options.users?.arrange(seen) ?? []).slice(0, MOST_TRIES);
    if (first === undefined) return [{ queue: queue.id, seen }];
    const wanted = (only: string): WantedTask => ({ queue: queue.id, seen, only });
    return [wanted(first), ...others.map(wanted)];
  }

  /** A task that did not come needs nothing. */
  async #take(
    wanted: readonly WantedTask[],
    grant: Grant | undefined,
    signal: AbortSignal,
  ): Promise<PulledTask | undefined> {
    try {
      for (const [at, one] of wanted.entries()) {
        if (at > 0 && one.only !== undefined && (await grant?.fits?.(one.only)) === false) continue;
        const pulled = await pullTask(this.#options, one, signal);
        if (pulled !== undefined) return grant === undefined ? pulled : { ...pulled, grant };
        if (signal.aborted) break;
      }
      await grant?.release();
      return undefined;
    } catch (error) {
      await grant?.release();
      // Deleted since the look.
      if (isApiError(error, ...API_PROBLEM.invalidQueue)) return undefined;
      throw error;
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
  entries: QueueRecord['entries'];
  /** Whether schedule, tags and properties allow pulling from it now. */
  allowed: boolean;
}

function mayHaveTask({ allowed, entries }: QueueState): boolean {
  return allowed && entries?.length !== 0;
}

function tasksOf({ entries = [] }: Pick<QueueState, 'entries'>): string[] {
  return entries.map(({ task }) => task);
}

/** A grant that is not for the first task is for one alone. */
function wantedFor(
  grant: Grant | undefined,
  wanted: readonly [WantedTask, ...WantedTask[]],
): readonly WantedTask[] {
  const [{ queue, seen }] = wanted;
  return grant?.only === undefined ? wanted : [{ queue, seen, only: grant.only }];
}

/** What is to be held for the first of the wanted tasks, or for one after it. */
function askingOf(
  { id, name, entries = [] }: QueueState,
  wanted: readonly [WantedTask, ...WantedTask[]],
): AskingQueue {
  const [{ seen }] = wanted;
  const turns = wanted.flatMap(({ only }) => only ?? []);
  const inOrder = [...new Set([...turns, ...seen])];
  const since = entries.find(({ task }) => task === inOrder[0])?.added;
  return {
    id,
    entries: inOrder,
    ...(name ? { name } : {}),
    ...(since ? { waitsSince: since } : {}),
  };
}
