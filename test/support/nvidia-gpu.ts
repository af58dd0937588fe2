import type { Gpu } from '../../src/gpu/gpu.js';

/** A GPU of which only the identity is known. */
export function nvidiaGpu(index: number, more: Partial<Gpu> = {}): Gpu {
  return {
    vendor: 'nvidia',
    index,
    uuid: `GPU-${index}aaa-bbb`,
    name: 'NVIDIA A100-SXM4-80GB',
    temperature: undefined,
    fanSpeed: undefined,
    utilization: undefined,
    powerDraw: undefined,
    powerLimit: undefined,
    memoryUsed: undefined,
    memoryFree: undefined,
    memoryTotal: undefined,
    processes: [],
    ...more,
  };
}
