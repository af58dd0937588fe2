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

/** What is wrong with GPUs. */
export interface GpuFault {
  reason: string;
  /** The cards that the driver's own words show to have failed; none where only the task says so, or no card is named. */
  cards: readonly GpuMark[];
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
export function gpuFault({ before, now, xids, output }: GpuEvidence): GpuFault | undefined {
  if (before.length === 0) return undefined;
  return goneOf(before, now) ?? xidOf(before, xids) ?? memoryOf(before, now) ?? saidIn(output);
}

function goneOf(before: readonly GpuMark[], now: GpuEvidence['now']): GpuFault | undefined {
  if (now === undefined) return undefined;
  if ('problem' in now) {
    const reason = now.problem;
    return BROKEN.test(reason)
      ? { reason, cards: cardsOf(before.filter((mark) => namesBus(reason, mark))) }
      : undefined;
  }
  const gone = before.filter(({ uuid }) => !now.some((gpu) => gpu.uuid === uuid));
  // A GPU that is cut into slices is there once a slice.
  const cards = cardsOf(gone);
  if (cards.length === 0) return undefined;
  return { reason: `${cards.map(nameOf).join(', ')} is gone from nvidia-smi`, cards };
}

function xidOf(before: readonly GpuMark[], xids: readonly XidEvent[]): GpuFault | undefined {
  for (const { code, pciBusId } of xids) {
    const gpu = before.find((one) => one.pciBusId !== undefined && isSameBus(one.pciBusId, pciBusId));
    if (gpu !== undefined && HARDWARE_XIDS.has(code))
      return { reason: `Xid ${code} of ${nameOf(gpu)} in the kernel's log`, cards: [gpu] };
  }
  return undefined;
}

function memoryOf(before: readonly GpuMark[], now: GpuEvidence['now']): GpuFault | undefined {
  if (now === undefined || 'problem' in now) return undefined;
  for (const gpu of before) {
    const errors = now.find(({ uuid }) => uuid === gpu.uuid)?.uncorrectedErrors;
    if (errors !== undefined && gpu.uncorrectedErrors !== undefined && errors > gpu.uncorrectedErrors)
      return { reason: `${nameOf(gpu)} has new uncorrectable memory errors`, cards: [gpu] };
  }
  return undefined;
}

function saidIn(output: string): GpuFault | undefined {
  const match = SAID_BY_CUDA.exec(output);
  return match === null ? undefined : { reason: `CUDA reported "${match[0]}"`, cards: [] };
}

function cardsOf(marks: readonly GpuMark[]): GpuMark[] {
  return [...new Map(marks.map((mark) => [mark.uuid, mark])).values()];
}

function nameOf({ index, uuid }: GpuMark): string {
  return `GPU ${index} (${uuid})`;
}

/** `Unable to determine the device handle for GPU 0000:65:00.0: GPU is lost.` */
export function namesBus(problem: string, { pciBusId }: GpuMark): boolean {
  const named = /\b[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.\d\b/i.exec(problem)?.[0];
  return named !== undefined && pciBusId !== undefined && isSameBus(named, pciBusId);
}

/** `00000000:01:00.0` of nvidia-smi is `0000:01:00` in the kernel's log. */
function isSameBus(one: string, other: string): boolean {
  return shortBusId(one) === shortBusId(other);
}

function shortBusId(id: string): string {
  return id
    .toLowerCase()
    .replace(/\.\d+$/, '')
    .replace(/^0+(?=[0-9a-f]+:)/, '');
}
