import { readdir } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { ownedGpus } from '../gpu/allocation.js';
import type { Gpu } from '../gpu/gpu.js';
import { gpuFractions } from '../gpu/gpu-fractions.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import { type DeviceSelection, selectedDevices } from '../gpu/visibility.js';
import { expandHome } from '../os/paths.js';
import { linuxReader } from './linux-reader.js';
import type { MachineReader } from './machine-reading.js';
import { type MachineSample, type MachineStats, machineStats, type StatsOptions } from './machine-stats.js';
import { portableReader } from './portable-reader.js';

export interface MachineMonitorOptions {
  config: Config;
  home: string;
  gpus: GpuReader;
  /** `GpuVisibility.visible`: the GPUs that this agent tells about. */
  visible: string | undefined;
  /** `basic` servers take no GPU fractions. */
  featureSet?: string | undefined;
  /** Part of each GPU that the agent reports as its own; its runs report theirs. */
  fractions?: string | undefined;
}

/** GPUs are looked at this often, as their utilisation is that of the last second; the rest are counters. */
const GPU_INTERVAL_MS = 10_000;

/** Measures the machine between two status reports that the server took. */
export class MachineMonitor {
  readonly #options: MachineMonitorOptions;
  readonly #read: MachineReader;
  readonly #stats: StatsOptions;
  #samples: MachineSample[] = [];

  constructor(options: MachineMonitorOptions) {
    const { config, home } = options;
    const path = expandHome(config.agent.resourceMonitoring.diskUsePath ?? home, home);
    this.#options = options;
    this.#read = process.platform === 'linux' ? linuxReader(path) : portableReader(path);
    this.#stats = statsOptions(config, options.featureSet, options.fractions);
  }

  /** Opens the first window; while the machine has GPUs, looks at them until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#sample(signal);
    while (!signal.aborted && this.#options.gpus.active) {
      await sleep(GPU_INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.#sample(signal);
    }
  }

  /** Averages up to now since the last `delivered`. */
  async stats(signal?: AbortSignal): Promise<MachineStats> {
    await this.#sample(signal);
    return machineStats(this.#samples, this.#stats);
  }

  /**
   * The same averages for a run that has some of the GPUs; nothing is measured for it.
   *
   * @param visible its GPUs, as `GpuVisibility.visible`
   * @param fractions its `CLEARML_AGENT_GPU_FRACTIONS`
   */
  statsOf(visible: string, fractions?: string): MachineStats | null {
    if (this.#samples.length === 0) return null;
    const selected = selectedDevices(visible);
    const samples = this.#samples.map((sample) => ({ ...sample, gpus: ownedGpus(sample.gpus, selected) }));
    const { featureSet, config } = this.#options;
    return machineStats(
      samples,
      fractions === undefined ? this.#stats : statsOptions(config, featureSet, fractions),
    );
  }

  /** The last sample, for a page of metrics. */
  get latest(): MachineSample | undefined {
    return this.#samples.at(-1);
  }

  /** The server took the last averages: a new window begins. */
  delivered(): void {
    this.#samples = this.#samples.slice(-1);
  }

  /** A window that the server does not take for hours keeps its beginning and its last hour. */
  async #sample(signal?: AbortSignal): Promise<void> {
    const [machine, gpus] = await Promise.all([this.#read(), this.#gpus(signal)]);
    this.#samples.push({ at: performance.now(), machine, gpus });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.splice(1, 1);
  }

  async #gpus(signal?: AbortSignal): Promise<Gpu[]> {
    const reading = await this.#options.gpus.read(signal).catch(() => undefined);
    return reading === undefined ? [] : ownedGpus(reading.gpus, await selection(this.#options.visible));
  }
}

const MAX_SAMPLES = 360;

function statsOptions(
  config: Config,
  featureSet: string | undefined,
  setting: string | undefined = config.variable('CLEARML_AGENT_GPU_FRACTIONS'),
): StatsOptions {
  return {
    defaultGpuUtilization: config.agent.resourceMonitoring.defaultGpuUtilization,
    ...(featureSet === undefined || featureSet === 'basic'
      ? {}
      : { fractions: (gpus: readonly Gpu[]) => gpuFractions(setting, gpus) }),
  };
}

async function selection(visible: string | undefined): Promise<DeviceSelection> {
  const selected = selectedDevices(visible);
  if (selected.kind !== 'folder') return selected;
  const devices = await readdir(selected.folder).catch(() => []);
  return { kind: 'list', devices };
}
