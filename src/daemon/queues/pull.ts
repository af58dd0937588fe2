import { API_PROBLEM, isApiError } from '../../api/errors.js';
import type { TaskOwner } from '../../api/owner.js';
import type { NextTask, QueuesApi } from '../../api/queues.js';
import { lateAbort } from '../../os/late-abort.js';
import type { Grant } from '../admission/grant.js';
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

export interface PullOptions {
  queues: Pick<QueuesApi, 'getNextTask' | 'moveTaskToFront'>;
  /**
   * Called before a task is taken off its queue, so that a crash in between can be mended; `others` may be taken
   * instead of it, or have been taken before.
   */
  beforePop?(candidate: DoubtfulTask & { others: readonly DoubtfulTask[] }): Promise<void>;
  /** Told what may have been taken when an answer is lost on its way. */
  vanished: VanishedTasks;
  wantOwner?: boolean;
}

export interface WantedTask {
  queue: string;
  /** Waiting tasks as seen last, first to be taken first. */
  seen: readonly string[];
  /** The one of them to take; the first one that is there if it is left out. */
  only?: string;
}

/** Entries of a queue that are looked at after a lost answer: more agents do not pop between a look and a pop. */
const MOST_SEEN = 100;

/** The end of the daemon does not abort a pop: its task would be in no queue and with no agent. */
const ANSWER_MS = 5000;

/**
 * Takes a task off its queue.
 *
 * @returns `undefined` if the queue is empty, or another agent has what was wanted
 * @throws ApiError 400/701 for a queue that is gone; what the server's answer says otherwise, or that none came
 */
export async function pullTask(
  { queues, beforePop, vanished, wantOwner }: PullOptions,
  { queue, seen, only }: WantedTask,
  signal: AbortSignal,
): Promise<PulledTask | undefined> {
  const inOrder = only === undefined ? seen : [only, ...seen.filter((task) => task !== only)];
  const candidates = inOrder.slice(0, MOST_SEEN).map((task) => ({ task, queue }));
  const [first, ...rest] = candidates;
  if (first) await beforePop?.({ ...first, others: [...rest, ...vanished.doubtful] });
  const patience = lateAbort([signal], ANSWER_MS);
  const call = { signal: patience.signal, retry: 'none' } as const;
  try {
    if (only !== undefined && only !== seen[0] && !(await isMoved(queues, { queue, task: only }, call)))
      return undefined;
    const answer = await queues.getNextTask(
      {
        queue,
        ...(only === undefined ? {} : { task: only }),
        ...(wantOwner ? { get_task_info: true } : {}),
      },
      { ...call, sendOnce: true },
    );
    const pulled = taskIn(answer, queue);
    if (pulled !== undefined) await vanished.settle(pulled.task);
    return pulled;
  } catch (error) {
    if (!isApiError(error, ...API_PROBLEM.invalidQueue)) for (const one of candidates) vanished.note(one);
    throw error;
  } finally {
    patience.close();
  }
}

/** Only the first task of a queue can be taken. */
async function isMoved(
  queues: PullOptions['queues'],
  entry: DoubtfulTask,
  call: Parameters<QueuesApi['moveTaskToFront']>[1],
): Promise<boolean> {
  try {
    await queues.moveTaskToFront(entry, call);
    return true;
  } catch (error) {
    const { notQueued, removedWhileMoved } = API_PROBLEM;
    if (isApiError(error, ...notQueued) || isApiError(error, ...removedWhileMoved)) return false;
    throw error;
  }
}

function taskIn({ entry, task_info: owner }: NextTask, queue: string): PulledTask | undefined {
  if (!entry?.task) return undefined;
  const { task, added } = entry;
  return {
    task,
    queue,
    ...(added === undefined ? {} : { queuedAt: added }),
    ...(owner ? { owner } : {}),
  };
}
