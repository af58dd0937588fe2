import type { GpuTable } from './claims/gpu-table.js';
import type { TableView } from './claims/types.js';
import { deviceOf } from './devices.js';
import type { Gpu } from './gpu.js';
import { type GpuMark, gpuMark } from './gpu-fault.js';
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
    const back = this.#backInService(view);
    // What was read before a device was repaired and enabled would take it out of service again.
    if (back.size > 0) this.#read = undefined;
    const reading = await this.#reading();
    this.#note(reading, back);
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

  /**
   * A task found that a card has failed. Only the configured health check takes it out of service; `retired` is not called, as
   * the run of the task has its own hook.
   *
   * @throws AgentError of `GpuTable.disable`
   */
  async failed(card: GpuMark, reason: string, { outOfService }: TableView): Promise<void> {
    const { key, id } = deviceOf(card);
    if (!this.#options.conditions.noFault || outOfService.some((one) => one.key === key)) return;
    await this.#disable(key, this.#baselines.get(key)?.id ?? id, reason);
  }

  async #retire(key: string, reason: string): Promise<void> {
    if (this.#out.has(key)) return;
    const id = this.#baselines.get(key)?.id ?? key;
    await this.#disable(key, id, reason);
    this.#options.retired?.(id, reason);
  }

  async #disable(key: string, id: string, reason: string): Promise<void> {
    const { table, warn } = this.#options;
    await table.disable({ key, id }, reason);
    this.#out = new Set([...this.#out, key]);
    warn(`GPU ${id} is out of service: ${reason}; "agent gpus --enable ${id}" brings it back`);
  }

  /** Keys of the devices that were enabled since the last look. */
  #backInService({ outOfService }: TableView): ReadonlySet<string> {
    const out = new Set(outOfService.map(({ key }) => key));
    const back = new Set([...this.#out].filter((key) => !out.has(key)));
    this.#out = out;
    return back;
  }

  #note(reading: { gpus: readonly Gpu[] } | { problem: string }, back: ReadonlySet<string>): void {
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
