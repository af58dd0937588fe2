import type { ResourceShare } from '../container/resources/resource-words.js';
import type { ClaimedDevice } from '../gpu/claims/types.js';
import { type TimeLimit, timeLimitIn } from '../task/time-limit.js';

/**
 * `whole`: the devices of a daemon that runs one task at a time, or of `agent execute`. `gpus`, `slot`: a run of many, which
 * is a worker of its own.
 */
const GRANT_KINDS = ['whole', 'gpus', 'slot'] as const;
type GrantKind = (typeof GRANT_KINDS)[number];

/** What a run holds of the machine, as its journal has it. */
export interface GrantRecord {
  kind: GrantKind;
  /** Id of the worker that the run is; absent where it is the daemon's. */
  worker?: string;
  /** Its claim in the machine's table of GPUs. */
  claim?: string;
  devices?: readonly ClaimedDevice[];
  /** Number of the CPU slot, from 0. */
  slot?: number;
  /** What a task in a slot takes of what is counted. */
  share?: ResourceShare;
  /** Of a task that states one; it counts from the moment of the grant. */
  limit?: TimeLimit;
}

/** A damaged one says nothing. */
export function grantIn(value: unknown): GrantRecord | undefined {
  const { kind, worker, claim, devices, slot, share, limit }: Partial<Record<string, unknown>> = {
    ...Object(value),
  };
  const known = GRANT_KINDS.find((one) => one === kind);
  if (known === undefined) return undefined;
  const listed = devicesIn(devices);
  const stated = timeLimitIn(limit);
  return {
    kind: known,
    ...(typeof worker === 'string' ? { worker } : {}),
    ...(typeof claim === 'string' && listed.length > 0 ? { claim, devices: listed } : {}),
    ...(typeof slot === 'number' ? { slot } : {}),
    ...(share === undefined ? {} : { share: shareIn(share) }),
    ...(stated ? { limit: stated } : {}),
  };
}

function shareIn(value: unknown): ResourceShare {
  const { cpus, memory }: Partial<Record<string, unknown>> = { ...Object(value) };
  return {
    ...(typeof cpus === 'number' ? { cpus } : {}),
    ...(typeof memory === 'number' ? { memory } : {}),
  };
}

function devicesIn(value: unknown): ClaimedDevice[] {
  const listed: unknown[] = Array.isArray(value) ? value : [];
  return listed.filter((one): one is ClaimedDevice => {
    const { key, id, share }: Partial<Record<string, unknown>> = { ...Object(one) };
    return typeof key === 'string' && typeof id === 'string' && typeof share === 'number';
  });
}
