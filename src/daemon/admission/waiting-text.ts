import { outOfServiceFor, overlaps, takenShare } from '../../gpu/claims/shares.js';
import type { Device, TableView } from '../../gpu/claims/types.js';
import type { Verdict } from '../../gpu/health.js';

/** A device that a task cannot get now, and why. */
export interface Blocker {
  id: string;
  why: string;
}

/**
 * What keeps devices from tasks beside the runs of this agent.
 *
 * @param known ids of this agent's claims, and what was found of the devices, by their keys
 */
export function blockersOf(
  { claims, outOfService }: TableView,
  devices: readonly Device[],
  { own, verdicts }: { own: ReadonlySet<string>; verdicts: ReadonlyMap<string, Verdict> },
): Blocker[] {
  return devices.flatMap((device) => {
    const out = outOfServiceFor(outOfService, device);
    if (out !== undefined) return [{ id: device.id, why: `is out of service (${out.reason})` }];
    const other = claims.find(
      (claim) => !own.has(claim.id) && claim.devices.some((one) => overlaps(one, device)),
    );
    const verdict = verdicts.get(device.key);
    if (verdict !== undefined && verdict.state !== 'good')
      return [{ id: device.id, why: `gets no task (${verdict.reason})` }];
    if (other === undefined) return [];
    const task = other.task === undefined ? '' : ` for task ${other.task}`;
    return [{ id: device.id, why: `is in use by ${other.worker}${task} (process ${other.holder.pid})` }];
  });
}

/** One line; said again once something else is in the way. */
export function waitingText(blockers: readonly Blocker[]): string {
  const reasons = blockers.map(({ id, why }) => `GPU ${id} ${why}`);
  return `tasks wait: ${reasons.join('; ')}`;
}

/** Whether a worker may be given a device: it is in service and kept free for no other. */
export function isUsable({ outOfService, reservations }: TableView, device: Device, worker: string): boolean {
  const reserved = reservations.some(
    (one) => one.worker !== worker && one.devices.some(({ key }) => key === device.key),
  );
  return !reserved && outOfServiceFor(outOfService, device) === undefined;
}

/** Free part of a device, 0 while it is out of service or reserved. */
export function freePart({ claims, outOfService, reservations }: TableView, device: Device): number {
  if (outOfServiceFor(outOfService, device) !== undefined) return 0;
  if (reservations.some(({ devices }) => devices.some(({ key }) => key === device.key))) return 0;
  const free = 1 - takenShare(claims, device);
  return Math.round(Math.max(0, free) * PRECISION) / PRECISION;
}

const PRECISION = 1e9;
