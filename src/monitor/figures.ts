import type { Gpu } from '../gpu/gpu.js';
import type { MachineSample } from './machine-stats.js';

/** One number of the metrics page, in Prometheus' conventions: base units, counters end in `_total`. */
export interface Figure {
  name: string;
  help: string;
  kind: 'gauge' | 'counter';
  value: number;
  labels?: Readonly<Record<string, string>>;
}

const MIB = 1024 * 1024;

type GpuFigure = readonly [name: string, help: string, value: (gpu: Gpu) => number | undefined];

const GPU_FIGURES: readonly GpuFigure[] = [
  [
    'utilization_ratio',
    'Part of the last second in which the GPU worked.',
    (gpu) => scaled(gpu.utilization, 0.01),
  ],
  ['memory_used_bytes', 'Memory in use on the GPU.', (gpu) => scaled(gpu.memoryUsed, MIB)],
  ['memory_free_bytes', 'Memory free on the GPU.', (gpu) => scaled(gpu.memoryFree, MIB)],
  ['memory_total_bytes', 'Memory of the GPU.', (gpu) => scaled(gpu.memoryTotal, MIB)],
  ['temperature_celsius', 'Temperature of the GPU.', (gpu) => gpu.temperature],
  ['fan_ratio', 'Speed of the fan as a part of its highest.', (gpu) => scaled(gpu.fanSpeed, 0.01)],
  ['power_watts', 'Power that the GPU draws.', (gpu) => gpu.powerDraw],
  ['power_limit_watts', 'Power that the GPU may draw.', (gpu) => gpu.powerLimit],
  ['processes', 'Processes that use the GPU.', (gpu) => gpu.processes.length],
];

/** The GPUs and memory of the machine as they were looked at last. */
export function machineFigures(sample: MachineSample | undefined): Figure[] {
  if (sample === undefined) return [];
  const { memory, cpuTemperature, diskFree } = sample.machine;
  return [
    ...gauge('clearml_agent_machine_memory_used_bytes', 'Memory in use on the machine.', memory.used * MIB),
    ...gauge(
      'clearml_agent_machine_memory_free_bytes',
      'Memory available to new programs.',
      memory.free * MIB,
    ),
    ...gauge('clearml_agent_machine_disk_free_ratio', 'Free part of the disk.', scaled(diskFree, 0.01)),
    ...gauge(
      'clearml_agent_machine_cpu_temperature_celsius',
      'Temperature of the hottest core.',
      cpuTemperature,
    ),
    ...sample.gpus.flatMap(gpuFigures),
  ];
}

function gpuFigures(gpu: Gpu): Figure[] {
  const labels = {
    gpu: String(gpu.index),
    uuid: gpu.mig?.uuid ?? gpu.uuid,
    name: gpu.name,
    mig: gpu.mig === undefined ? '' : String(gpu.mig.index),
  };
  return GPU_FIGURES.flatMap(([name, help, value]) =>
    gauge(`clearml_agent_gpu_${name}`, help, value(gpu), labels),
  );
}

function gauge(name: string, help: string, value: number | undefined, labels?: Figure['labels']): Figure[] {
  if (value === undefined) return [];
  return [{ name, help, kind: 'gauge', value, ...(labels === undefined ? {} : { labels }) }];
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}
