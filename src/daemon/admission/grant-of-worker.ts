import { randomBytes } from 'node:crypto';
import type { Claim, Device } from '../../gpu/claims/types.js';
import type { GrantRecord } from '../../runs/grant-record.js';
import { holdingsIn } from '../worker-id.js';

export interface OwnHoldings {
  /** Id of the daemon. */
  workerId: string;
  /** Whether each task gets GPUs of its own; else all are one task's. */
  givesGpus: boolean;
  /** Its GPUs, and the slices of those that are cut; none where tasks claim nothing. */
  devices: readonly Device[];
  /** What the table has of the worker. */
  claims: readonly Claim[];
}

/**
 * What a run of this daemon has whose record is gone, by the worker that the server knows it as. Its claim has a new id where
 * the old one ended with the folder of the run.
 *
 * @returns `undefined` for a run that has nothing, or that is not one of this daemon
 */
export function grantOfWorker(
  worker: string,
  { workerId, givesGpus, devices, claims }: OwnHoldings,
): GrantRecord | undefined {
  const claim = claims.find((one) => one.worker === worker)?.id ?? randomBytes(8).toString('hex');
  if (worker === workerId && !givesGpus && devices.length > 0)
    return { kind: 'whole', claim, devices: devices.map(({ id, key }) => ({ id, key, share: 1 })) };
  const holdings = holdingsIn(workerId, worker);
  if (holdings === undefined) return undefined;
  if ('slot' in holdings) return { kind: 'slot', slot: holdings.slot, worker };
  const held = holdings.devices.flatMap(({ id, share }) => {
    const device = devices.find((one) => one.id === id);
    return device === undefined ? [] : [{ id, key: device.key, share }];
  });
  const all = givesGpus && held.length === holdings.devices.length;
  return all ? { kind: 'gpus', worker, claim, devices: held } : undefined;
}
