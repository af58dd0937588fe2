import { homedir } from 'node:os';
import type { Config } from '../config/config.js';
import { GpuReader } from '../gpu/gpu-reader.js';
import { gpuVisibility } from '../gpu/visibility.js';
import { MachineMonitor } from '../monitor/machine-monitor.js';

export interface MachineOptions {
  config: Config;
  home?: string;
  /** Tells the user that GPUs are not looked at any more. */
  warn?: (line: string) => void;
  /** Ends looking at the GPUs. */
  signal?: AbortSignal;
  /** `basic` servers take no GPU fractions. */
  featureSet?: string | undefined;
}

/** Begins to measure this machine. The configuration's environment says which GPUs the agent owns. */
export function watchMachine(options: MachineOptions): MachineMonitor {
  const { config, home = homedir(), warn = () => undefined, signal, featureSet } = options;
  const { visible } = gpuVisibility({ env: config.env });
  const gpus = new GpuReader({ env: config.env, warn });
  const monitor = new MachineMonitor({ config, home, gpus, visible, featureSet });
  void monitor.run(signal ?? new AbortController().signal);
  return monitor;
}

/** What a heartbeat asks for: the averages since it asked last. */
export async function machineStats(config: Config) {
  const monitor = watchMachine({ config });
  return async () => {
    const stats = await monitor.stats();
    monitor.delivered();
    return stats;
  };
}
