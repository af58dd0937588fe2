import type { Gpu } from './gpu.js';
import type { XidEvent } from './xid-events.js';

/** What is remembered of a GPU to see later whether it has failed. */
export type GpuMark = Pick<Gpu, 'index' | 'uuid' | 'pciBusId' | 'uncorrectedErrors'>;

/** What there is to see of the GPUs after a task has failed. */
export interface GpuEvidence {
  /** The GPUs that the task could use when it was launched. */
  before: readonly GpuMark[];
  /** Those of the machine now, or why the vendor's tool does not say. */
  now: readonly GpuMark[] | { problem: string } | undefined;
  /** Since the launch. */
  xids: readonly XidEvent[];
  /** The end of the task's output. */
  output: string;
}

export function gpuMark({ index, uuid, pciBusId, uncorrectedErrors }: Gpu): GpuMark {
  return {
    index,
    uuid,
    ...(pciBusId === undefined ? {} : { pciBusId }),
    ...(uncorrectedErrors === undefined ? {} : { uncorrectedErrors }),
  };
}

/**
 * Errors of the driver that a program cannot bring about by itself: memory (48, 64, 94, 95, 140), the GPU's own
 * processors (62, 119, 120, 143), NVLink (74), the bus (79). Source: NVIDIA's Xid catalog.
 */
const HARDWARE_XIDS: ReadonlySet<number> = new Set([48, 62, 64, 74, 79, 94, 95, 119, 120, 140, 143]);

/** What NVIDIA's tool says of a card or driver that no longer works. A tool that is only slow proves nothing. */
const BROKEN =
  /GPU is lost|Unable to determine the device handle|Driver\/library version mismatch|fallen off/i;

/** CUDA's words for a broken GPU: cudaErrorECCUncorrectable, cudaErrorNvlinkUncorrectable; NVML's for a lost one. */
const SAID_BY_CUDA =
  /uncorrectable ECC error encountered|uncorrectable NVLink error detected|GPU has fallen off the bus|GPU is lost/i;

/** Why a failed task is to be blamed on a GPU, or `undefined`. A task without GPUs has none to blame. */
export function gpuFault({ before, now, xids, output }: GpuEvidence): string | undefined {
  if (before.length === 0) return undefined;
  return goneOf(before, now) ?? xidOf(before, xids) ?? memoryOf(before, now) ?? saidIn(output);
}

function goneOf(before: readonly GpuMark[], now: GpuEvidence['now']): string | undefined {
  if (now === undefined) return undefined;
  if ('problem' in now) return BROKEN.test(now.problem) ? now.problem : undefined;
  const gone = before.filter(({ uuid }) => !now.some((gpu) => gpu.uuid === uuid));
  // A GPU that is cut into slices is there once a slice.
  const names = [...new Set(gone.map(nameOf))];
  return names.length === 0 ? undefined : `${names.join(', ')} is gone from nvidia-smi`;
}

function xidOf(before: readonly GpuMark[], xids: readonly XidEvent[]): string | undefined {
  for (const { code, pciBusId } of xids) {
    const gpu = before.find((one) => one.pciBusId !== undefined && isSameBus(one.pciBusId, pciBusId));
    if (gpu !== undefined && HARDWARE_XIDS.has(code))
      return `Xid ${code} of ${nameOf(gpu)} in the kernel's log`;
  }
  return undefined;
}

function memoryOf(before: readonly GpuMark[], now: GpuEvidence['now']): string | undefined {
  if (now === undefined || 'problem' in now) return undefined;
  for (const gpu of before) {
    const errors = now.find(({ uuid }) => uuid === gpu.uuid)?.uncorrectedErrors;
    if (errors !== undefined && gpu.uncorrectedErrors !== undefined && errors > gpu.uncorrectedErrors)
      return `${nameOf(gpu)} has new uncorrectable memory errors`;
  }
  return undefined;
}

function saidIn(output: string): string | undefined {
  const match = SAID_BY_CUDA.exec(output);
  return match === null ? undefined : `CUDA reported "${match[0]}"`;
}

function nameOf({ index, uuid }: GpuMark): string {
  return `GPU ${index} (${uuid})`;
}

/** `00000000:01:00.0` of nvidia-smi is `0000:01:00` in the kernel's log. */
export function isSameBus(one: string, other: string): boolean {
  return shortBusId(one) === shortBusId(other);
}

function shortBusId(id: string): string {
  return id
    .toLowerCase()
    .replace(/\.\d+$/, '')
    .replace(/^0+(?=[0-9a-f]+:)/, '');
}
