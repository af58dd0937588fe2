/** What is read of an engine's description of itself (`GET /info`). */
export interface EngineInfo {
  /** By name. */
  Runtimes?: Record<string, unknown>;
  /** Devices of CDI files (API 1.50): `{ Source: 'cdi', ID: 'nvidia.com/gpu=0' }`. */
  DiscoveredDevices?: readonly { Source: string; ID: string }[] | null;
}

/** Whether containers can have NVIDIA GPUs: by a runtime of NVIDIA's, or by CDI files. */
export function offersNvidia({ Runtimes = {}, DiscoveredDevices }: EngineInfo): boolean {
  return (
    Object.keys(Runtimes).some((name) => name.startsWith('nvidia')) ||
    (DiscoveredDevices ?? []).some(({ Source, ID }) => Source === 'cdi' && ID.startsWith('nvidia.com/gpu='))
  );
}
