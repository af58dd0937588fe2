import type { GpuTable } from './claims/gpu-table.js';
import type { TableView } from './claims/types.js';
import { deviceOf } from './devices.js';
import type { Gpu } from './gpu.js';
import { gpuMark } from './gpu-fault.js';
import type { GpuReader } from './gpu-reader.js';
import { type Baseline, type HealthConditions, healthVerdicts, type Verdict } from './health.js';
import { kernelMicros, readXidEvents, type XidEvent } from './xid-events.js';

export interface GpuHealthOptions {
  conditions: HealthConditions;
  reader: Pick<GpuReader, 'look'>;
  table: Pick<GpuTable, 'disable'>;
  /** Told once for each device that is taken out of service. */
  warn: (line: string) => void;
  /** Called with each device that goes out of service. */
  retired?: (device: string, reason: string) => void;
  /** The kernel's errors; by default from its log. */
  xids?: () => XidEvent[];
  /** How long a reading is good for; by default 5 s. */
  freshMs?: number;
}

/** How long a reading is good: the tool takes up to a second of a CPU. */
const FRESH_MS = 5_000;
/** A tool that hangs on a broken card keeps no task from the other cards for longer. */
const LOOK_MS = 15_000;

/** Looks at the GPUs before tasks get them, and takes those that fail out of service. */
export class GpuHealth {
  readonly #options: GpuHealthOptions;
  readonly #baselines = new Map<string, Baseline>();
  #out: ReadonlySet<string> = new Set();
  #read: { at: number; reading: { gpus: readonly Gpu[] } | { problem: string } } | undefined;

  constructor(options: GpuHealthOptions) {
    this.#options = options;
  }

  /** Whether any condition is configured; without one no tool is started. */
  get active(): boolean {
    const { minFreeMemory, requireIdle, noFault } = this.#options.conditions;
    return minFreeMemory > 0 || requireIdle || noFault;
  }

  /**
   * What is to be said of each device, by its key; empty where no condition is configured. A device that comes back
   * into service starts with a clean record.
   *
   * @throws AgentError of `GpuTable.disable`
   */
  async check(view: TableView): Promise<ReadonlyMap<string, Verdict>> {
    if (!this.active) return new Map();
    const reading = await this.#reading();
    this.#note(reading, view);
    const { conditions, xids = readXidEvents } = this.#options;
    const claimed = new Set(view.claims.flatMap(({ devices }) => devices.map(({ key }) => key)));
    const verdicts = healthVerdicts({
      conditions,
      reading,
      xids: conditions.noFault ? xids() : [],
      claimed,
      baselines: this.#baselines,
    });
    for (const [key, verdict] of verdicts)
      if (verdict.state === 'failed') await this.#retire(key, verdict.reason);
    return verdicts;
  }

  async #retire(key: string, reason: string): Promise<void> {
    if (this.#out.has(key)) return;
    const { table, warn } = this.#options;
    const id = this.#baselines.get(key)?.id ?? key;
    await table.disable({ key, id }, reason);
    this.#out = new Set([...this.#out, key]);
    warn(`GPU ${id} is out of service: ${reason}; "agent gpus --enable ${id}" brings it back`);
    this.#options.retired?.(id, reason);
  }

  #note(reading: { gpus: readonly Gpu[] } | { problem: string }, view: TableView): void {
    const out = new Set(view.outOfService.map(({ key }) => key));
    const back = new Set([...this.#out].filter((key) => !out.has(key)));
    this.#out = out;
    for (const gpu of 'gpus' in reading ? reading.gpus : []) {
      // The report lists a lost card without its name.
      if (gpu.uuid === '') continue;
      const { key, id } = deviceOf(gpu);
      if (back.has(key) || !this.#baselines.has(key))
        this.#baselines.set(key, { id, mark: gpuMark(gpu), sinceMicros: kernelMicros() });
    }
  }

  async #reading(): Promise<{ gpus: readonly Gpu[] } | { problem: string }> {
    if (this.#read !== undefined && performance.now() - this.#read.at < (this.#options.freshMs ?? FRESH_MS))
      return this.#read.reading;
    const reading = await this.#options.reader.look(AbortSignal.timeout(LOOK_MS)).catch(() => {
      return { problem: `nvidia-smi gave no answer within ${LOOK_MS / 1000} s` };
    });
    this.#read = { at: performance.now(), reading };
    return reading;
  }
}
