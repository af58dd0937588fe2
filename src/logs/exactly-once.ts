import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffDelay } from '../os/backoff.js';
import type { Delivery, LogEvent, LogServer, StoredEvent } from './delivery.js';

export interface SendOptions {
  server: LogServer;
  /** True when an earlier run may have sent the events already. */
  doubtful: boolean;
  /** What was stored just now is found this many milliseconds later. */
  settleMs: number;
  backoff: Backoff;
  random: () => number;
  signal: AbortSignal;
  /** Resolves when events may be sent, or the signal aborts; asked before each try. */
  maySend?(): Promise<void>;
}

export type SendResult = Exclude<Delivery, { kind: 'failed' }>;

/** Events of others, such as the task's own SDK, that may stand among ours when they are looked for. */
const FOREIGN_EVENTS = 100;

/**
 * Sends events until the server has them or refuses them. After a failure that leaves it open whether they
 * arrived, the server is asked which of them it has, and only the rest is sent again.
 *
 * @throws the signal's reason
 */
export async function sendExactlyOnce(
  events: readonly LogEvent[],
  options: SendOptions,
): Promise<SendResult> {
  const { server, signal } = options;
  let missing = events;
  let doubtful = options.doubtful;
  for (let failures = 0; ; failures += 1) {
    if (doubtful) {
      await sleep(options.settleMs, undefined, { signal });
      const left = await notStored(missing, options, failures);
      doubtful = left === undefined;
      if (left?.length === 0) return { kind: 'accepted', added: events.length };
      if (left === undefined) continue;
      missing = left;
    }
    await options.maySend?.();
    signal.throwIfAborted();
    const delivery = await server.deliver(missing, signal);
    if (delivery.kind === 'accepted')
      return { ...delivery, added: delivery.added + events.length - missing.length };
    if (delivery.kind === 'refused') return delivery;
    doubtful = delivery.maybeDone;
    await pauseAfter(delivery.retryAfterMs, failures, options);
  }
}

/** Events that the server does not have; `undefined`, after a pause, when it cannot be asked now. */
async function notStored(
  events: readonly LogEvent[],
  options: SendOptions,
  failures: number,
): Promise<readonly LogEvent[] | undefined> {
  const [task, until] = [events[0]?.task ?? '', events.at(-1)?.timestamp ?? 0];
  const answer = await options.server.stored(
    { task, until, count: events.length + FOREIGN_EVENTS },
    options.signal,
  );
  if (answer.kind === 'events') return withoutStored(events, answer.events);
  // A server that cannot tell: a line that comes twice is better than one that never comes.
  if (answer.kind === 'refused') return events;
  await pauseAfter(answer.retryAfterMs, failures, options);
  return undefined;
}

/** An event of ours is known by its time, which is different for each, its text and its worker. */
function withoutStored(events: readonly LogEvent[], stored: readonly StoredEvent[]): readonly LogEvent[] {
  const byTime = new Map<number, StoredEvent[]>();
  for (const one of stored) byTime.set(one.timestamp, [...(byTime.get(one.timestamp) ?? []), one]);
  return events.filter((event) => {
    const same = ({ msg, worker }: StoredEvent) =>
      msg === event.msg && (worker === event.worker || worker === '');
    return !byTime.get(event.timestamp)?.some(same);
  });
}

async function pauseAfter(asked: number | undefined, failures: number, options: SendOptions): Promise<void> {
  const delay = backoffDelay(failures + 1, options.backoff, options.random);
  await sleep(Math.max(asked ?? 0, delay), undefined, { signal: options.signal });
}
