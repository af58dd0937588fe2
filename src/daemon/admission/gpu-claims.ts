import type { Config } from '../../config/config.js';
import { type GpuState, gpuStates } from '../../gpu/claims/gpu-states.js';
import { GpuTable } from '../../gpu/claims/gpu-table.js';
import { tablePlace } from '../../gpu/claims/table-folder.js';
import type { Claim, NewClaim, OutOfService, TableView } from '../../gpu/claims/types.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { GpuFault } from '../../gpu/gpu-fault.js';
import { GpuHealth } from '../../gpu/gpu-health.js';
import type { GpuReader } from '../../gpu/gpu-reader.js';
import type { Verdict } from '../../gpu/health.js';
import { listedSelection, type MachineDevice, machineDevices } from '../../gpu/machine-devices.js';
import type { Distances } from '../../gpu/policy/nearest.js';
import { selectedDevices } from '../../gpu/visibility.js';
import type { AgentContext } from '../../task/context.js';

export interface GpuClaimsOptions {
  config: Config;
  /** State folder of the agents of this user. */
  state: string;
  gpus: GpuReader;
  /** `GpuVisibility.visible` of the daemon. */
  visible: string | undefined;
  /** Where no tool names the GPUs, they are taken as they were named instead of none. */
  asNamed: boolean;
  warn(line: string): void;
  /** Called for a device that goes out of service. */
  retired(device: string, reason: string): void;
}

/** The daemon's devices and the machine's table of claims. Nothing is opened on a machine without GPUs. */
export class GpuClaims {
  readonly #options: GpuClaimsOptions;
  #table: Promise<GpuTable> | undefined;
  #devices: MachineDevice[] | undefined;
  #health: GpuHealth | undefined;

  constructor(options: GpuClaimsOptions) {
    this.#options = options;
  }

  /** Every GPU that the vendor's tool has named, cut cards as their slices. */
  get known(): readonly Gpu[] {
    return this.#options.gpus.known;
  }

  /** Devices that this daemon may use; none on a machine without GPUs. A tool that fails is asked again. */
  async devices(): Promise<readonly MachineDevice[]> {
    if (this.#devices !== undefined) return this.#devices;
    const { gpus, visible, asNamed } = this.#options;
    const selection = await listedSelection(selectedDevices(visible));
    if (selection.kind === 'none') return [];
    if (this.known.length === 0) await gpus.read().catch(() => undefined);
    if (gpus.isAbsent && !asNamed) return [];
    const devices = machineDevices(this.known, selection);
    if (this.known.length > 0) this.#devices = devices;
    return devices;
  }

  /** What the configured conditions say of each device, by its key. Without conditions no tool is started. */
  async verdicts(): Promise<ReadonlyMap<string, Verdict>> {
    const health = await this.#checks();
    return health.active ? health.check(await this.read()) : new Map();
  }

  /** A task found what is wrong with GPUs: with `agent.gpu_health`, those that have failed go out of service. */
  async failed({ cards, reason }: GpuFault): Promise<void> {
    const health = await this.#checks();
    for (const card of cards) await health.failed(card, reason, await this.read());
  }

  async #checks(): Promise<GpuHealth> {
    const table = await this.#opened();
    const { config, gpus: reader, warn } = this.#options;
    const { gpuMinFreeMemory: minFreeMemory, gpuRequireIdle: requireIdle, gpuHealth: noFault } = config.agent;
    this.#health ??= new GpuHealth({
      conditions: { minFreeMemory, requireIdle, noFault },
      reader,
      table,
      warn,
      retired: (device, reason) => this.#options.retired(device, reason),
    });
    return this.#health;
  }

  async claim(choose: (view: TableView) => NewClaim | undefined): Promise<Claim | undefined> {
    return (await this.#opened()).claim(choose);
  }

  async adopt(claim: Omit<Claim, 'holder'>): Promise<readonly Claim[]> {
    return (await (await this.#opened()).adopt(claim)).conflicts;
  }

  async release(id: string): Promise<void> {
    await (await this.#opened()).release(id);
  }

  async reserve(worker: string, devices: readonly MachineDevice[], until: number): Promise<void> {
    await (await this.#opened()).reserve(worker, devices, until);
  }

  async unreserve(worker: string): Promise<void> {
    await (await this.#opened()).unreserve(worker);
  }

  /** How near the cards are to each other, where the vendor's tool says so. */
  async distances(): Promise<Distances | undefined> {
    return (await this.#options.gpus.topology())?.distances;
  }

  async read(): Promise<TableView> {
    return (await this.#opened()).read();
  }

  /** Devices of the machine that get no task; none on a machine without GPUs. */
  async outOfService(): Promise<readonly OutOfService[]> {
    return (await this.devices()).length === 0 ? [] : (await this.read()).outOfService;
  }

  /** What the table says of each GPU; nothing on a machine without GPUs. */
  async states(): Promise<readonly GpuState[]> {
    if ((await this.devices()).length === 0) return [];
    return gpuStates(this.known, await this.read());
  }

  async watch(signal: AbortSignal, onChange: () => void): Promise<void> {
    (await this.#opened()).watch(signal, onChange);
  }

  async close(): Promise<void> {
    await (await this.#table)?.close();
  }

  #opened(): Promise<GpuTable> {
    this.#table ??= this.#open().catch((error: unknown) => {
      this.#table = undefined;
      throw error;
    });
    return this.#table;
  }

  async #open(): Promise<GpuTable> {
    const { config, state, warn } = this.#options;
    const { gpuTable, gpuSharing } = config.agent;
    const { folder, alone } = await tablePlace({ configured: gpuTable, stateFolder: state });
    if (alone !== undefined) warn(alone);
    return GpuTable.open({ folder, sharing: gpuSharing, warn });
  }
}

/** Runs the hook of a GPU that was taken out of service. */
export function tellGpuFailure({ background, hooks, workerId }: AgentContext): GpuClaimsOptions['retired'] {
  return (gpus, reason) => {
    const call = { worker: workerId, facts: { gpus, gpu_fault: reason } };
    background.start(async () => void (await hooks.run('on_gpu_failure', call)));
  };
}
