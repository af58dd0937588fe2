import type { Config } from '../config/config.js';
import { GpuReader } from '../gpu/gpu-reader.js';
import { MachineMonitor } from '../monitor/machine-monitor.js';

export interface MachineRequest {
  config: Config;
  home: string;
  featureSet: string | undefined;
  warn(text: string): void;
}

/** This machine as the agent sees it: its GPUs and its load. */
export interface Machine {
  gpus: GpuReader;
  monitor: MachineMonitor;
}

export function lookAtMachine({ config, home, featureSet, warn }: MachineRequest): Machine {
  const gpus = new GpuReader({ env: config.env, warn });
  const visible = (config.env.NVIDIA_VISIBLE_DEVICES || config.env.CUDA_VISIBLE_DEVICES)?.replaceAll(
    ':',
    '.',
  );
  return { gpus, monitor: new MachineMonitor({ config, home, gpus, visible, featureSet }) };
}
