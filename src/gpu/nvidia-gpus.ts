import type { Gpu, GpuProcess } from './gpu.js';
import type { ListedGpu } from './nvidia-smi-list.js';
import type { MigDevice, NvidiaGpu, NvidiaSmiReport } from './nvidia-smi-parser.js';

/**
 * The GPUs of a report as they are reported to the server: a GPU that is cut into slices stands there as its
 * slices, which have the temperature, fan and power of the whole and the memory of their own.
 *
 * @param listed `nvidia-smi -L`, for the UUIDs and profiles of slices that the report does not name
 */
export function nvidiaGpus(report: NvidiaSmiReport, listed: readonly ListedGpu[]): Gpu[] {
  return report.gpus.flatMap((gpu) => {
    const names = listed.find((entry) => entry.uuid === gpu.uuid)?.mig ?? [];
    if (gpu.migEnabled !== true || gpu.migDevices.length === 0) return [wholeGpu(gpu)];
    return gpu.migDevices.map((mig) => {
      const name = names.find((entry) => entry.index === mig.index);
      return slice(gpu, { ...mig, uuid: mig.uuid ?? name?.uuid, name: mig.name ?? name?.name });
    });
  });
}

function wholeGpu(gpu: NvidiaGpu): Gpu {
  return {
    vendor: 'nvidia',
    index: gpu.index,
    uuid: gpu.uuid,
    name: gpu.name,
    temperature: gpu.temperature.gpu,
    fanSpeed: gpu.fanSpeed,
    utilization: gpu.utilization.gpu,
    powerDraw: gpu.power.draw,
    powerLimit: gpu.power.limit,
    memoryUsed: gpu.memory.used,
    memoryFree: gpu.memory.free,
    memoryTotal: gpu.memory.total,
    processes: gpu.processes.map(plainProcess),
    ...(gpu.pciBusId === undefined ? {} : { pciBusId: gpu.pciBusId }),
    ...(gpu.ecc.uncorrected === undefined ? {} : { uncorrectedErrors: gpu.ecc.uncorrected }),
  };
}

function slice(gpu: NvidiaGpu, mig: MigDevice): Gpu {
  const processes = gpu.processes.filter(
    (process) =>
      process.gpuInstanceId === mig.gpuInstanceId && process.computeInstanceId === mig.computeInstanceId,
  );
  return {
    ...wholeGpu(gpu),
    utilization: undefined,
    memoryUsed: mig.memory.used,
    memoryFree: mig.memory.free,
    memoryTotal: mig.memory.total,
    processes: processes.map(plainProcess),
    mig: { index: mig.index, uuid: mig.uuid, name: mig.name },
  };
}

function plainProcess({ pid, type, name, usedMemory }: GpuProcess): GpuProcess {
  return { pid, type, name, usedMemory };
}
