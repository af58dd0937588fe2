import type { AgentError } from '../../errors.js';
import type { ClaimedDevice } from '../../gpu/claims/types.js';
import type { GrantRecord } from '../../runs/grant-record.js';

/** What one run holds of the machine, from before its task is taken off a queue to its end. */
export interface Grant {
  /** For the journal; absent where nothing is to be held for the run once its daemon is gone. */
  readonly record?: GrantRecord;
  /** The task that it is for, where that is not the first one of its queue. */
  readonly only?: string;
  /** Why the task that comes cannot be run here at all. */
  readonly refusal?: AgentError;
  /** A task came: the claim names it and the folder of its run from now on. */
  begin(run: { task: string; folder: string }): Promise<void>;
  /** Whether it can be that of another task of its queue; absent where it can. */
  fits?(task: string): Promise<boolean>;
  /** The grant for the task that came, or `undefined` where this one is not for it; absent where it is for each. */
  fitted?(task: string): Promise<Grant | undefined>;
  /** Gives everything back. */
  release(): Promise<void>;
}

/** `--gpus` for a run: its devices. */
export function deviceList(devices: readonly ClaimedDevice[]): string {
  return devices.map(({ id }) => id).join(',');
}

/** `CLEARML_AGENT_GPU_FRACTIONS` of a run: the part that it has of each device. */
export function fractionList(devices: readonly ClaimedDevice[]): string {
  return devices.map(({ share }) => String(share)).join(',');
}
