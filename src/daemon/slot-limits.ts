import type { DaemonOptions } from './daemon.js';
import type { SlotLimits } from './slots.js';

type SideBySide = Pick<DaemonOptions, 'services' | 'slots' | 'dynamicGpus'>;

/** Set-ups that run at the same time. */
const PREPARING = 4;

/** What a daemon has for tasks beside these limits, its admission gives out. */
export function slotLimits({ services, slots, dynamicGpus }: SideBySide): SlotLimits {
  const unlimited = Number.POSITIVE_INFINITY;
  if (dynamicGpus !== undefined) return { running: unlimited, preparing: PREPARING };
  const limit = services?.limit ?? unlimited;
  if (slots !== undefined)
    return { running: services === undefined ? slots : slots + limit, preparing: PREPARING };
  if (services === undefined) return { running: 1, preparing: 1 };
  return { running: limit, preparing: PREPARING };
}

/** Whether tasks run side by side, each a worker of its own. */
export function runsMany({ services, slots, dynamicGpus }: SideBySide): boolean {
  return services !== undefined || slots !== undefined || dynamicGpus !== undefined;
}
