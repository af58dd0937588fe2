import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueRecord } from '../api/queues.js';
import type { OutOfService } from '../gpu/claims/types.js';
import type { Gpu } from '../gpu/gpu.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import type { RunBoard, RunView } from './runs/run-board.js';
import type { SlotLimits, Slots } from './slots.js';

/** Queue as the daemon saw it last. */
export interface QueueReading {
  id: string;
  name: string;
  /** Tasks that wait; unknown where the server does not say. */
  waiting?: number;
  /** When the daemon looked, milliseconds since 1970; a daemon whose slots are taken does not look. */
  seen?: number;
}

/** A GPU of the machine. Memory in MiB, temperature in °C, use in percent. */
export interface GpuFacts {
  /** As `--gpus` names it. */
  id: string;
  name: string;
  use?: number;
  memoryUsed?: number;
  memoryTotal?: number;
  temperature?: number;
}

/** Everything that `agent top` shows of one daemon. */
export interface DaemonReading {
  /** By the daemon's clock, milliseconds since 1970. */
  time: number;
  slots: { running: number; limit?: number };
  runs: readonly RunView[];
  queues: readonly QueueReading[];
  gpus: readonly GpuFacts[];
  /** GPUs of the machine that get no task, also those that the GPU tool no longer lists. Older daemons leave it out. */
  outOfService?: readonly OutOfService[];
}

/** An answer waits this long for the GPU tool at most; what it tells later is in the next answer. */
const GPU_WAIT_MS = 1000;
/** The tool costs up to a second of a core, so many who look share a reading. */
const GPU_FRESH_MS = 2000;

export interface DaemonReadingsOptions {
  board: RunBoard;
  slots: Pick<Slots, 'running'>;
  limits: SlotLimits;
  now?: () => number;
}

/** Reads a daemon for those who look at it. Nothing is measured while no one looks. */
export class DaemonReadings {
  readonly #options: DaemonReadingsOptions;
  #queues: readonly QueueReading[] = [];
  #reader: Pick<GpuReader, 'look' | 'active'> | undefined;
  #table: { outOfService(): Promise<readonly OutOfService[]> } | undefined;
  #gpus: readonly Gpu[] = [];
  #looked = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: DaemonReadingsOptions) {
    this.#options = options;
  }

  /** The daemon knows its machine once the server has let it in. */
  showGpus(
    reader: Pick<GpuReader, 'look' | 'active'>,
    table: { outOfService(): Promise<readonly OutOfService[]> },
  ): void {
    this.#reader = reader;
    this.#table = table;
  }

  /** @param queues those that are served, before the first look at them */
  showQueues(queues: readonly { id: string; name: string }[]): void {
    this.#queues = queues.map(({ id, name }) => ({ id, name }));
  }

  queuesSeen(records: readonly QueueRecord[]): void {
    const seen = this.#now();
    this.#queues = records.map(({ id, name, entries }) => ({
      id,
      name: name ?? id,
      seen,
      ...(entries ? { waiting: entries.length } : {}),
    }));
  }

  /** A task was pulled since the last look. */
  pulledFrom(id: string): void {
    this.#queues = this.#queues.map((queue) =>
      queue.id === id && queue.waiting ? { ...queue, waiting: queue.waiting - 1 } : queue,
    );
  }

  async take(): Promise<DaemonReading> {
    const { board, slots, limits } = this.#options;
    await this.#lookAtGpus();
    return {
      time: this.#now(),
      slots: {
        running: slots.running,
        ...(Number.isFinite(limits.running) ? { limit: limits.running } : {}),
      },
      runs: board.view(),
      queues: this.#queues,
      gpus: this.#gpus.map(factsOf),
      // A table that cannot be read now costs the answer this line.
      outOfService: (await this.#table?.outOfService().catch(() => undefined)) ?? [],
    };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  async #lookAtGpus(): Promise<void> {
    const reader = this.#reader;
    if (reader?.active !== true) return;
    if (this.#looking === undefined && performance.now() - this.#looked > GPU_FRESH_MS)
      this.#looking = this.#look(reader);
    await Promise.race([this.#looking, sleep(GPU_WAIT_MS, undefined, { ref: false })]);
  }

  /** Not `read`: a tool that fails now must not count as one to give up. */
  async #look(reader: Pick<GpuReader, 'look'>): Promise<void> {
    const found = await reader.look();
    this.#gpus = 'gpus' in found ? found.gpus : [];
    this.#looked = performance.now();
    this.#looking = undefined;
  }
}

function factsOf(gpu: Gpu): GpuFacts {
  const { index, name, utilization, memoryUsed, memoryTotal, temperature, mig } = gpu;
  return {
    id: mig === undefined ? String(index) : `${index}.${mig.index}`,
    name: mig?.name === undefined ? name : `${name} ${mig.name}`,
    ...(utilization === undefined ? {} : { use: utilization }),
    ...(memoryUsed === undefined ? {} : { memoryUsed }),
    ...(memoryTotal === undefined ? {} : { memoryTotal }),
    ...(temperature === undefined ? {} : { temperature }),
  };
}
