import { deviceOf } from './devices.js';
import type { Gpu } from './gpu.js';
import { type GpuMark, gpuFault, namesBus } from './gpu-fault.js';
import type { XidEvent } from './xid-events.js';

/** What a GPU must be like before a task gets it. */
export interface HealthConditions {
  /** MiB; 0 asks for none. */
  minFreeMemory: number;
  /** No program may compute on a device that no agent has claimed. */
  requireIdle: boolean;
  /** No new Xid error, no new uncorrected ECC error, and nvidia-smi must still list the card. */
  noFault: boolean;
}

/**
 * `failed` devices are taken out of service; `refused` ones get no task for as long as the reason lasts.
 */
export type Verdict = { state: 'good' } | { state: 'refused' | 'failed'; reason: string };

/** A device as it was when it was good. */
export interface Baseline {
  /** As `--gpus` names the device. */
  id: string;
  mark: GpuMark;
  /** Since when errors count, in microseconds of the kernel's clock. */
  sinceMicros: number;
}

export interface HealthFacts {
  conditions: HealthConditions;
  /** What the vendor's tool says now, or what it complains of. */
  reading: { gpus: readonly Gpu[] } | { problem: string };
  xids: readonly XidEvent[];
  /** Keys of devices with a claim: their processes are tasks. */
  claimed: ReadonlySet<string>;
  /** By key of the device. */
  baselines: ReadonlyMap<string, Baseline>;
}

/** Decides about every device that was ever seen, by its key. */
export function healthVerdicts(facts: HealthFacts): Map<string, Verdict> {
  const verdicts = [...facts.baselines].map(
    ([key, baseline]) => [key, verdictOf(key, baseline, facts)] as const,
  );
  return new Map(verdicts);
}

function verdictOf(key: string, baseline: Baseline, facts: HealthFacts): Verdict {
  const { conditions, reading } = facts;
  const fault = conditions.noFault ? faultOf(baseline, facts) : undefined;
  if (fault !== undefined) return { state: 'failed', reason: fault };
  if ('problem' in reading) return { state: 'refused', reason: reading.problem };
  const gpu = reading.gpus.find((one) => deviceOf(one).key === key);
  if (gpu === undefined) return { state: 'refused', reason: 'it is not listed now' };
  const reason = memoryShort(gpu, conditions) ?? busy(gpu, key, facts);
  return reason === undefined ? { state: 'good' } : { state: 'refused', reason };
}

function faultOf({ mark, sinceMicros }: Baseline, { reading, xids }: HealthFacts): string | undefined {
  if ('problem' in reading && namesBus(reading.problem, mark)) return reading.problem;
  return gpuFault({
    before: [mark],
    // A complaint that names no card says nothing of this one.
    now: 'problem' in reading ? undefined : reading.gpus,
    xids: xids.filter(({ atMicros }) => atMicros >= sinceMicros),
    output: '',
  })?.reason;
}

function memoryShort({ memoryFree }: Gpu, { minFreeMemory }: HealthConditions): string | undefined {
  if (minFreeMemory === 0 || (memoryFree !== undefined && memoryFree >= minFreeMemory)) return undefined;
  return memoryFree === undefined
    ? `its free memory is not known, ${minFreeMemory} MiB are required`
    : `${memoryFree} MiB of its memory are free, ${minFreeMemory} MiB are required`;
}

function busy(gpu: Gpu, key: string, { conditions, claimed }: HealthFacts): string | undefined {
  if (!conditions.requireIdle || claimed.has(key)) return undefined;
  const process = gpu.processes.find(({ type }) => type === undefined || type.includes('C'));
  if (process === undefined) return undefined;
  const name = process.name === undefined ? '' : ` (${process.name})`;
  return `process ${process.pid}${name} uses it`;
}
