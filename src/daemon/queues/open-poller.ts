import type { QueueRecord } from '../../api/queues.js';
import type { ReadyDaemon, Work } from '../work.js';
import { Poller, type PollerOptions } from './poller.js';
import { isBelowLimit } from './queue-limits.js';
import { queueOrder } from './queue-order.js';
import { UserTurns } from './user-turns.js';

/** The poller of a daemon, with everything that decides which task is pulled next. */
export function openPoller(
  daemon: ReadyDaemon,
  work: Work,
  beforePop: NonNullable<PollerOptions['beforePop']>,
): Poller {
  const { connection, ctx, shutdown, slots, options, admission, queues } = daemon;
  const placeOf = (queue: string) => work.queues.placeOf(queue);
  const limits = queues.map(({ limit }) => limit);
  const byUsers = options.config.agent.userFairness;
  const users = new UserTurns({
    usersOf: (tasks, signal) => ctx.tasks.getUsers(tasks, { signal, retry: 'bounded' }),
    running: () => slots.tasks,
  });
  return new Poller({
    queues: connection.queues,
    look: (signal) => lookAtQueues(daemon, work, signal),
    order: queueOrder(options.order, queues, placeOf),
    pace: work.pace,
    activity: work.activity,
    allowed: (queue) =>
      !shutdown.isPaused &&
      !work.pause.holds &&
      work.gate.allows(queue) &&
      isBelowLimit(queue.id, limits, slots.runs, placeOf),
    admit: (queue) => admission.admit(queue),
    releasesSince: () => admission.releasesSince(),
    looked: (ids) => admission.looked(ids),
    wait: (ms, signal) => work.queueWait.wait(ms, signal),
    vanished: work.vanished,
    beforePop,
    wantOwner: options.ownerTokens || byUsers,
    users: byUsers ? users : undefined,
    warn: (text) => ctx.logger.warn(text),
  });
}

async function lookAtQueues(
  { readings }: ReadyDaemon,
  { queues, queueLengths, gate }: Work,
  signal: AbortSignal,
): Promise<QueueRecord[]> {
  const seen = await queues.look(signal);
  readings.queuesSeen(seen);
  queueLengths.clear();
  for (const { id, name, entries } of seen) queueLengths.set(name || id, entries?.length ?? 0);
  if (seen.some(({ entries }) => entries?.length !== 0)) await gate.refresh(signal);
  return seen;
}
