/**
 * One GPU, or one MIG instance of a GPU, as it is reported. A value that the tool does not know is `undefined`.
 * Memory in MiB, power in watts, temperatures in °C, the rest in percent.
 */
export interface Gpu {
  vendor: 'nvidia' | 'amd';
  /** The vendor tool's number of the (whole) GPU. */
  index: number;
  uuid: string;
  name: string;
  temperature: number | undefined;
  fanSpeed: number | undefined;
  utilization: number | undefined;
  powerDraw: number | undefined;
  powerLimit: number | undefined;
  memoryUsed: number | undefined;
  memoryFree: number | undefined;
  memoryTotal: number | undefined;
  processes: readonly GpuProcess[];
  mig?: MigIdentity;
  /** Where it is on the bus, as the vendor's tool writes it. */
  pciBusId?: string;
  /** Memory errors since the driver was loaded that could not be corrected. */
  uncorrectedErrors?: number;
}

export interface GpuProcess {
  pid: number;
  /** `C` compute, `G` graphics, `C+G`. */
  type: string | undefined;
  name: string | undefined;
  /** MiB */
  usedMemory: number | undefined;
}

export interface MigIdentity {
  index: number;
  uuid: string | undefined;
  /** The profile, such as `1g.10gb`. */
  name: string | undefined;
}

/** What one run of a vendor's tool tells. */
export interface GpuReading {
  gpus: readonly Gpu[];
  driverVersion: string | undefined;
  /** Highest CUDA version of the driver, such as `12.4`. */
  cudaVersion: string | undefined;
}
