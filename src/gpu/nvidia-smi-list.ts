import type { MigIdentity } from './gpu.js';

/** A line of `nvidia-smi -L`, with the instances that stand below it. */
export interface ListedGpu {
  index: number;
  uuid: string;
  name: string;
  mig: MigIdentity[];
}

const GPU = /^GPU (\d+): (.+?) \(UUID: (GPU-[^)\s]+)\)/;
const MIG = /^\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[^)\s]+)\)/;

/** Reads `nvidia-smi -L`, which names MIG instances by UUID and profile where the XML report does not. */
export function parseNvidiaSmiList(output: string): ListedGpu[] {
  const gpus: ListedGpu[] = [];
  for (const line of output.split('\n')) {
    const gpu = GPU.exec(line);
    if (gpu !== null) gpus.push({ index: Number(gpu[1]), name: gpu[2] ?? '', uuid: gpu[3] ?? '', mig: [] });
    const mig = MIG.exec(line);
    if (mig !== null) gpus.at(-1)?.mig.push({ index: Number(mig[2]), name: mig[1], uuid: mig[3] });
  }
  return gpus;
}
