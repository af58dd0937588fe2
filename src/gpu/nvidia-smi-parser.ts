import { AgentError } from '../errors.js';
import type { GpuProcess } from './gpu.js';
import { at, flag, type Node, number, section, sections, text } from './smi-node.js';

/**
 * Reads `nvidia-smi -q -x`. The document's form changed with the drivers (its DTD is at version 13); what was
 * renamed is looked for under all its names. A value that the GPU or the driver does not give (`N/A`,
 * `[Not Supported]`, `Requested functionality has been deprecated` …) is `undefined`.
 */
export interface NvidiaSmiReport {
  driverVersion: string | undefined;
  /** Highest CUDA version that the driver supports, such as `12.4`. */
  cudaVersion: string | undefined;
  attachedGpus: number | undefined;
  gpus: NvidiaGpu[];
}

export interface NvidiaGpu {
  /** Place in the document, which is NVML's index with `CUDA_DEVICE_ORDER=PCI_BUS_ID`. */
  index: number;
  pciBusId: string | undefined;
  uuid: string;
  name: string;
  architecture: string | undefined;
  serial: string | undefined;
  minorNumber: number | undefined;
  persistenceMode: boolean | undefined;
  computeMode: string | undefined;
  performanceState: string | undefined;
  /** Whether the GPU is cut into slices now; `undefined` for a GPU that cannot be. */
  migEnabled: boolean | undefined;
  migDevices: MigDevice[];
  /** Percent. */
  fanSpeed: number | undefined;
  utilization: NvidiaUtilization;
  memory: NvidiaMemory;
  bar1Memory: NvidiaMemory;
  temperature: NvidiaTemperature;
  power: NvidiaPower;
  clocks: NvidiaClocks;
  maxClocks: NvidiaClocks;
  ecc: { enabled: boolean | undefined; uncorrected: number | undefined };
  /** Reasons that hold the clocks down now, such as `hw_thermal_slowdown`. */
  slowdowns: string[];
  processes: NvidiaProcess[];
}

export interface MigDevice {
  index: number;
  gpuInstanceId: number | undefined;
  computeInstanceId: number | undefined;
  /** Only newer drivers put these two here; `nvidia-smi -L` has them always. */
  uuid: string | undefined;
  name: string | undefined;
  multiprocessors: number | undefined;
  memory: NvidiaMemory;
  bar1Memory: NvidiaMemory;
}

/** Percent. */
interface NvidiaUtilization {
  gpu: number | undefined;
  memory: number | undefined;
  encoder: number | undefined;
  decoder: number | undefined;
}

/** MiB. */
interface NvidiaMemory {
  total: number | undefined;
  reserved: number | undefined;
  used: number | undefined;
  free: number | undefined;
}

/** °C. */
interface NvidiaTemperature {
  gpu: number | undefined;
  memory: number | undefined;
  slowdown: number | undefined;
  shutdown: number | undefined;
}

/** Watts. */
interface NvidiaPower {
  draw: number | undefined;
  /** The limit in force. */
  limit: number | undefined;
  default: number | undefined;
  max: number | undefined;
}

/** MHz. */
interface NvidiaClocks {
  graphics: number | undefined;
  sm: number | undefined;
  memory: number | undefined;
}

interface NvidiaProcess extends GpuProcess {
  gpuInstanceId: number | undefined;
  computeInstanceId: number | undefined;
}

/**
 * @param xml standard output of `nvidia-smi -q -x`; lines before the document (they name a GPU that fell off
 *   the bus) are skipped
 * @throws AgentError GPU_TOOL when there is no such document in it
 */
export async function parseNvidiaSmi(xml: string): Promise<NvidiaSmiReport> {
  const start = xml.search(/<\?xml|<nvidia_smi_log/);
  if (start < 0) throw unreadable(xml);
  const { XMLParser } = await import('fast-xml-parser');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    isArray: (name) => REPEATED.has(name),
    // The lists of possible clocks are nine tenths of the document and are never read.
    stopNodes: ['nvidia_smi_log.gpu.supported_clocks'],
  });
  const log = section(readXml(parser, xml.slice(start)), 'nvidia_smi_log');
  if (log === undefined) throw unreadable(xml);
  return {
    // Drivers from 610 on tell the versions of the kernel's part and of the user's part (which CUDA belongs to).
    driverVersion: text(log, 'driver_version') ?? text(log, 'kmd_version'),
    cudaVersion: text(log, 'cuda_umd_version') ?? text(log, 'cuda_version'),
    attachedGpus: number(log, 'attached_gpus'),
    gpus: sections(log, 'gpu').map(readGpu),
  };
}

const REPEATED = new Set(['gpu', 'mig_device', 'process_info']);

function readXml(parser: { parse(xml: string): unknown }, xml: string): Node {
  try {
    const document = parser.parse(xml);
    return typeof document === 'object' && document !== null ? (document as Node) : {};
  } catch (error) {
    throw unreadable(xml, error);
  }
}

function unreadable(output: string, cause?: unknown): AgentError {
  const first = output.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  return new AgentError('GPU_TOOL', `nvidia-smi -q -x: expected an XML document, got "${first}"`, {
    hint: 'Run nvidia-smi by hand: the driver may not be loaded.',
    cause,
  });
}

function readGpu(gpu: Node, index: number): NvidiaGpu {
  return {
    index,
    pciBusId: text(gpu, '@id') ?? text(gpu, 'pci.pci_bus_id'),
    uuid: text(gpu, 'uuid') ?? '',
    name: text(gpu, 'product_name') ?? 'NVIDIA GPU',
    architecture: text(gpu, 'product_architecture'),
    serial: text(gpu, 'serial'),
    minorNumber: number(gpu, 'minor_number'),
    persistenceMode: flag(gpu, 'persistence_mode'),
    computeMode: text(gpu, 'compute_mode'),
    performanceState: text(gpu, 'performance_state'),
    migEnabled: flag(gpu, 'mig_mode.current_mig'),
    migDevices: sections(gpu, 'mig_devices.mig_device').map(readMigDevice),
    fanSpeed: number(gpu, 'fan_speed'),
    utilization: readUtilization(gpu),
    memory: readMemory(gpu, 'fb_memory_usage'),
    bar1Memory: readMemory(gpu, 'bar1_memory_usage'),
    temperature: readTemperature(gpu),
    power: readPower(gpu),
    clocks: readClocks(gpu, 'clocks'),
    maxClocks: readClocks(gpu, 'max_clocks'),
    ecc: { enabled: flag(gpu, 'ecc_mode.current_ecc'), uncorrected: uncorrectedErrors(gpu) },
    slowdowns: readSlowdowns(gpu),
    processes: sections(gpu, 'processes.process_info').map(readProcess),
  };
}

function readMigDevice(device: Node, index: number): MigDevice {
  return {
    index: number(device, 'index') ?? index,
    gpuInstanceId: number(device, 'gpu_instance_id'),
    computeInstanceId: number(device, 'compute_instance_id'),
    uuid: text(device, 'uuid'),
    name: text(device, 'name'),
    multiprocessors: number(device, 'device_attributes.shared.multiprocessor_count'),
    memory: readMemory(device, 'fb_memory_usage'),
    bar1Memory: readMemory(device, 'bar1_memory_usage'),
  };
}

function readMemory(of: Node, name: string): NvidiaMemory {
  const [total, reserved, used, free] = ['total', 'reserved', 'used', 'free'].map((field) =>
    number(of, `${name}.${field}`),
  );
  return { total, reserved, used, free };
}

function readUtilization(gpu: Node): NvidiaUtilization {
  const [whole, memory, encoder, decoder] = ['gpu', 'memory', 'encoder', 'decoder'].map((field) =>
    number(gpu, `utilization.${field}_util`),
  );
  return { gpu: whole, memory, encoder, decoder };
}

function readTemperature(gpu: Node): NvidiaTemperature {
  return {
    gpu: number(gpu, 'temperature.gpu_temp'),
    memory: number(gpu, 'temperature.memory_temp'),
    slowdown: number(gpu, 'temperature.gpu_temp_slow_threshold'),
    shutdown: number(gpu, 'temperature.gpu_temp_max_threshold'),
  };
}

/** Up to driver 525 the section is `power_readings`; from 565 the draw is given as average and as instant. */
function readPower(gpu: Node): NvidiaPower {
  const readings = section(gpu, 'gpu_power_readings') ?? section(gpu, 'power_readings') ?? {};
  return {
    draw: first(readings, ['power_draw', 'instant_power_draw', 'average_power_draw']),
    limit: first(readings, ['enforced_power_limit', 'current_power_limit', 'power_limit']),
    default: number(readings, 'default_power_limit'),
    max: number(readings, 'max_power_limit'),
  };
}

function first(of: Node, names: readonly string[]): number | undefined {
  return names.map((name) => number(of, name)).find((value) => value !== undefined);
}

function readClocks(gpu: Node, name: string): NvidiaClocks {
  return {
    graphics: number(gpu, `${name}.graphics_clock`),
    sm: number(gpu, `${name}.sm_clock`),
    memory: number(gpu, `${name}.mem_clock`),
  };
}

/** Errors since the driver was loaded. The older form sums them up; the newer has one count per kind of memory. */
function uncorrectedErrors(gpu: Node): number | undefined {
  const volatile = section(gpu, 'ecc_errors.volatile') ?? {};
  const total = number(volatile, 'double_bit.total');
  const kinds = Object.keys(volatile).filter((name) => name.includes('_uncorrectable'));
  const counts = kinds.map((name) => number(volatile, name)).filter((count) => count !== undefined);
  return total ?? (counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0));
}

/** Called throttle reasons before driver 535. Being idle is no slowdown. */
function readSlowdowns(gpu: Node): string[] {
  const reasons = section(gpu, 'clocks_event_reasons') ?? section(gpu, 'clocks_throttle_reasons') ?? {};
  return Object.keys(reasons)
    .filter((name) => at(reasons, name) === 'Active')
    .map((name) => name.replace(/^clocks_(event|throttle)_reason_/, ''))
    .filter((name) => name !== 'gpu_idle');
}

function readProcess(process: Node): NvidiaProcess {
  return {
    pid: number(process, 'pid') ?? 0,
    type: text(process, 'type'),
    name: text(process, 'process_name'),
    usedMemory: number(process, 'used_memory'),
    gpuInstanceId: number(process, 'gpu_instance_id'),
    computeInstanceId: number(process, 'compute_instance_id'),
  };
}
