import { takenShare } from '../claims/shares.js';
import type { Claim, ClaimedDevice } from '../claims/types.js';
import type { MachineDevice } from '../machine-devices.js';
import type { GpuDemand } from '../pick-devices.js';

/** The first task of a queue, which is waiting for devices. */
export interface WaitingHead {
  queue: string;
  demand: GpuDemand;
  /** When it was refused first, in milliseconds since 1970. */
  since: number;
}

export interface ReserveInput {
  waiting: readonly WaitingHead[];
  /** Devices in service that this daemon gives out. */
  devices: readonly MachineDevice[];
  claims: readonly Pick<Claim, 'devices' | 'endsBy'>[];
  /** Milliseconds since 1970. */
  now: number;
  /** A head that has waited for less reserves nothing. */
  afterMs: number;
}

/** Devices that are kept free for a large task. */
export interface HeldDevices {
  queue: string;
  devices: readonly MachineDevice[];
  /** When all of them are free at the latest, in milliseconds since 1970; `undefined` where a claim states no end. */
  due: number | undefined;
}

/**
 * What the request that has waited longest keeps free. Only requests for two or more GPUs do, as smaller ones fit as soon as
 * a device is free. The devices are those that are free first: the free ones, then those whose tasks have a time limit, the
 * earliest first. As another device comes free, it takes the place of one that is in use.
 */
export function reserveDevices(input: ReserveInput): HeldDevices | undefined {
  const { waiting, devices, claims, now, afterMs } = input;
  const [head] = waiting
    .filter(({ demand, since }) => demand.min > 1 && now - since >= afterMs)
    .sort((a, b) => a.since - b.since || b.demand.min - a.demand.min);
  const whole = devices.filter(({ fractionsOnly }) => !fractionsOnly);
  if (head === undefined || whole.length < head.demand.min) return undefined;
  const chosen = whole
    .map((device) => ({ device, freeAt: freeAt(device, claims, now) }))
    .sort((a, b) => a.freeAt - b.freeAt)
    .slice(0, head.demand.min);
  const last = Math.max(...chosen.map((one) => one.freeAt));
  return {
    queue: head.queue,
    // One that is in use without an end is not kept: whichever comes free first is.
    devices: chosen.filter((one) => one.freeAt < Number.POSITIVE_INFINITY).map(({ device }) => device),
    due: last === Number.POSITIVE_INFINITY ? undefined : last,
  };
}

function freeAt(device: MachineDevice, claims: ReserveInput['claims'], now: number): number {
  const ends = claims
    .filter((claim) => takenShare([claim], device) > 0)
    .map(({ endsBy }) => endsBy ?? Number.POSITIVE_INFINITY);
  return Math.max(now, ...ends);
}

export interface DeviceRequest {
  queue: string;
  /** When the task's time limit ends it at the latest, in milliseconds since 1970; absent for a task without one. */
  endsBy?: number;
}

/**
 * The devices that a request may have, as sets to be tried in order. A reservation keeps its devices from other queues, unless
 * a time limit ends the task before all devices of the reservation are free. Even such a task has the others first.
 */
export function deviceChoices<T extends MachineDevice>(
  held: HeldDevices | undefined,
  request: DeviceRequest,
  usable: readonly T[],
): (readonly T[])[] {
  if (held === undefined || held.queue === request.queue) return [usable];
  const kept = new Set<MachineDevice>(held.devices);
  const others = usable.filter((device) => !kept.has(device));
  return endsInTime(held, request) ? [others, usable] : [others];
}

/** Never where the reservation waits for a task without a limit, which may end at any time. */
function endsInTime({ due }: HeldDevices, { endsBy }: DeviceRequest): boolean {
  return due !== undefined && endsBy !== undefined && endsBy <= due;
}

/** Tasks at the front of a queue of which the first that may start does. */
export const MOST_AHEAD = 5;

/** A task that may start. */
export interface Start {
  /** Its place among those that were looked at, from 0. */
  at: number;
  devices: readonly ClaimedDevice[];
  /** Whether it needs devices that are reserved for another queue. */
  usesReserved: boolean;
}

/**
 * The first of the tasks at the front of a queue that may start. All ask for the same devices, so one goes before another
 * only to reserved devices, and only if it alone of the two ends before the reservation is due.
 *
 * @param requests of the tasks in their order
 * @param pick the devices of a task out of a set, or `undefined` while too few of it are free
 */
export function firstToStart<T extends MachineDevice>(
  held: HeldDevices | undefined,
  requests: readonly DeviceRequest[],
  usable: readonly T[],
  pick: (devices: readonly T[]) => readonly ClaimedDevice[] | undefined,
): Start | undefined {
  for (const [at, request] of requests.slice(0, MOST_AHEAD).entries()) {
    for (const [choice, set] of deviceChoices(held, request, usable).entries()) {
      const devices = pick(set);
      if (devices !== undefined) return { at, devices, usesReserved: choice > 0 };
    }
  }
  return undefined;
}
