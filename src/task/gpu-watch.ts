import { ownedGpus } from '../gpu/allocation.js';
import { type GpuFault, type GpuMark, gpuFault, gpuMark } from '../gpu/gpu-fault.js';
import { gpuVisibility, selectedDevices } from '../gpu/visibility.js';
import { kernelMicros, readXidEvents } from '../gpu/xid-events.js';
import type { AgentContext } from './context.js';

/** The GPUs of a task when its command was launched, those included that were gone by then. */
export interface GpuSnapshot {
  /** Milliseconds since 1970. */
  at: number;
  gpus: readonly GpuMark[];
}

type Machine = Pick<AgentContext, 'environment' | 'gpus'>;

/** CUDA's complaint is near the end of what a program prints. */
const KEPT_BYTES = 32 * 1024;
/** A tool that hangs on a broken card keeps no task from its end for longer. */
const LOOK_MS = 15_000;

/** Finds out whether a GPU is to blame for the end of a task. A run that does not fail costs one look at the most. */
export class GpuWatch {
  readonly #machine: Machine;
  #before: Promise<readonly GpuMark[]> | undefined;
  #output = Buffer.alloc(0);

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Looks at the GPUs while the task is prepared, unless the machine's statistics have done so. */
  begin(): void {
    this.#before ??= this.#look();
  }

  async snapshot(): Promise<GpuSnapshot> {
    this.begin();
    return { at: Date.now(), gpus: (await this.#before) ?? [] };
  }

  /** The task printed this. */
  note(data: Uint8Array): void {
    const end = data.subarray(-KEPT_BYTES);
    this.#output = Buffer.concat([this.#output.subarray(-(KEPT_BYTES - end.length)), end]).subarray(
      -KEPT_BYTES,
    );
  }

  /** What is wrong with the GPUs of a task that has failed just now, or `undefined`. */
  async fault({ at, gpus }: GpuSnapshot): Promise<GpuFault | undefined> {
    if (gpus.length === 0) return undefined;
    const since = kernelMicros() - (Date.now() - at) * 1000;
    const now = await this.#machine.gpus.look(AbortSignal.timeout(LOOK_MS)).catch(() => undefined);
    return gpuFault({
      before: gpus,
      now: now !== undefined && 'gpus' in now ? now.gpus.map(gpuMark) : now,
      xids: readXidEvents().filter(({ atMicros }) => atMicros >= since),
      output: this.#output.toString('latin1'),
    });
  }

  async #look(): Promise<readonly GpuMark[]> {
    const { gpus, environment } = this.#machine;
    if (gpus.known.length === 0) await gpus.read().catch(() => undefined);
    return ownedGpus(gpus.known, selectedDevices(gpuVisibility({ env: environment }).visible)).map(gpuMark);
  }
}
