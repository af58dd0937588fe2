import type { Claim, Device, NewClaim, TableView } from './types.js';

export interface GpuTableOptions {
  /** As `openTableFolder` returns it. */
  folder: string;
  /** Whether a device may be claimed beyond a share of 1 (`agent.gpu_sharing`). */
  sharing?: boolean;
  warn: (line: string) => void;
}

/**
 * The machine's table of GPU claims, a folder that the agents of all users share. A claim is a file of its own, written
 * whole; claims are made under one lock for the machine.
 */
export class GpuTable {
  constructor(options: GpuTableOptions) {
    void options;
  }

  /** @throws AgentError WRITE_DENIED */
  static async open(options: GpuTableOptions): Promise<GpuTable> {
    return new GpuTable(options);
  }

  /** What is claimed now. Claims whose agent and workload are gone are left out. Takes no lock, writes nothing. */
  async read(): Promise<TableView> {
    throw new Error('not yet');
  }

  /**
   * Claims what `choose` picks; it runs under the machine's lock, so what it sees free is free. The claim is on disk
   * when this resolves.
   *
   * @param choose `undefined` claims nothing
   * @throws AgentError LOCK_TIMEOUT, DISK_FULL, WRITE_DENIED, GPU_TABLE (a claim in the table cannot be read, or
   *   `choose` took more than is free)
   */
  async claim(choose: (view: TableView) => NewClaim | undefined): Promise<Claim | undefined> {
    void choose;
    throw new Error('not yet');
  }

  /**
   * Writes a claim under its id with this process as holder: the task and run folder of a claim made before the pull,
   * a later `endsBy` or `workload`, or the claim of a run that an earlier daemon left. It is written even where another
   * claim has one of its devices meanwhile, as the workload runs there.
   *
   * @returns the claim as written, and the claims of others on the same devices beyond a share of 1
   * @throws AgentError LOCK_TIMEOUT, DISK_FULL, WRITE_DENIED
   */
  async adopt(claim: Omit<Claim, 'holder'>): Promise<{ claim: Claim; conflicts: readonly Claim[] }> {
    void claim;
    throw new Error('not yet');
  }

  /** Frees the devices of a claim. One that is gone already is no error. Takes no lock. */
  async release(id: string): Promise<void> {
    void id;
  }

  /** Replaces the worker's reservation. It ends with this process. */
  async reserve(worker: string, devices: readonly Pick<Device, 'id' | 'key'>[], until: number): Promise<void> {
    void [worker, devices, until];
  }

  async unreserve(worker: string): Promise<void> {
    void worker;
  }

  /** Takes a device out of service for every agent of the machine until `enable`. */
  async disable(device: Pick<Device, 'id' | 'key'>, reason: string): Promise<void> {
    void [device, reason];
  }

  /** @returns whether it was out of service */
  async enable(key: string): Promise<boolean> {
    void key;
    return false;
  }

  /** Calls back soon after the table has changed, until the signal aborts. Deaths of others are no such change. */
  watch(signal: AbortSignal, onChange: () => void): void {
    void [signal, onChange];
  }

  /** Ends the sign of life. Claims that are left stay as long as their workloads. */
  async close(): Promise<void> {}
}
