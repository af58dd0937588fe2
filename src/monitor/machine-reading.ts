/**
 * One look at the machine. Counters count since some point in the past and are good for differences only.
 */
export interface MachineReading {
  /** Time of all cores together, in any one unit. */
  cpu: { busy: number; total: number };
  /** Bytes. */
  counters: Record<'diskRead' | 'diskWrite' | 'networkReceived' | 'networkSent', number>;
  /** MiB; free is what a new program could have. */
  memory: { used: number; free: number };
  /** Percent of the file system that is free to this user; `undefined` when unknown. */
  diskFree: number | undefined;
  /** °C of the hottest core, where there is a sensor. */
  cpuTemperature: number | undefined;
}

/** Reads the machine. */
export type MachineReader = () => Promise<MachineReading>;
