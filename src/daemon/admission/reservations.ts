import type { MachineDevice } from '../../gpu/machine-devices.js';
import type { GpuDemand } from '../../gpu/pick-devices.js';
import {
  type HeldDevices,
  MOST_AHEAD,
  type ReserveInput,
  reserveDevices,
  type WaitingHead,
} from '../../gpu/policy/reserve.js';
import type { GpuClaims } from './gpu-claims.js';

export interface ReservationsOptions {
  workerId: string;
  claims: Pick<GpuClaims, 'reserve' | 'unreserve'>;
  /** A task that has waited for less reserves nothing. */
  afterMs: number;
  now?: () => number;
}

/** A queue whose first task is to be taken. */
export interface AskingQueue {
  id: string;
  name?: string;
  /** When its first task was put there, by the server's clock. */
  waitsSince?: string;
  /** Its tasks, first to be taken first. */
  entries?: readonly string[] | undefined;
}

/** Other agents of the machine leave the devices alone for this long after the last look at the queues. */
const VALID_MS = 60_000;
const RENEW_MS = 20_000;

/** Which large task this daemon keeps devices free for. */
export class Reservations {
  readonly #options: ReservationsOptions;
  readonly #waiting = new Map<string, WaitingHead>();
  /** What other agents know, and since when. */
  #published: { key: string; at: number } | undefined;

  constructor(options: ReservationsOptions) {
    this.#options = options;
  }

  /** The tasks of a queue of which the first that may start does: only a reservation keeps the first one from starting. */
  ahead({ id, entries: [first, ...next] = [] }: AskingQueue): readonly (string | undefined)[] {
    const mayHold = [...this.#waiting.keys()].some((queue) => queue !== id);
    return mayHold ? [first, ...next].slice(0, MOST_AHEAD) : [first];
  }

  /** A queue that has no task any more waits for nothing. */
  keepOnly(queues: readonly string[]): void {
    for (const queue of this.#waiting.keys()) if (!queues.includes(queue)) this.#waiting.delete(queue);
  }

  /** The first task of the queue found too few free devices. */
  refused(asking: AskingQueue, demand: GpuDemand): void {
    this.#waiting.set(asking.id, this.#headOf(asking, demand));
  }

  /** A task of the queue runs. */
  granted(queue: string): void {
    this.#waiting.delete(queue);
  }

  /** @param asking counts as well: what a younger task reserves is not kept from it */
  held(
    devices: readonly MachineDevice[],
    claims: ReserveInput['claims'],
    asking: { queue: AskingQueue; demand: GpuDemand },
  ): HeldDevices | undefined {
    const { afterMs } = this.#options;
    const others = [...this.#waiting.values()].filter(({ queue }) => queue !== asking.queue.id);
    return reserveDevices({
      waiting: [...others, this.#headOf(asking.queue, asking.demand)],
      devices,
      claims,
      now: this.#now(),
      afterMs,
    });
  }

  /** Tells the other agents of the machine. */
  async publish(held: HeldDevices | undefined): Promise<void> {
    const { claims, workerId } = this.#options;
    const key = held?.devices.map((device) => device.key).join(' ') ?? '';
    if (key === '') {
      if (this.#published !== undefined) await claims.unreserve(workerId);
      this.#published = undefined;
      return;
    }
    const now = this.#now();
    if (this.#published?.key === key && now - this.#published.at < RENEW_MS) return;
    await claims.reserve(workerId, held?.devices ?? [], now + VALID_MS);
    this.#published = { key, at: now };
  }

  #headOf({ id, waitsSince = '' }: AskingQueue, demand: GpuDemand): WaitingHead {
    const since = Date.parse(waitsSince);
    const first = this.#waiting.get(id)?.since ?? this.#now();
    return { queue: id, demand, since: Number.isNaN(since) ? first : since };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
