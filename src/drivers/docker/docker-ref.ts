import type { PlaceRef, WorkloadRef } from '../driver.js';

export const DOCKER = 'docker';

/** The first references had no version. */
export const DOCKER_REF_VERSION = 2;

/** What the journal keeps of a container. */
export interface DockerPlaceRef extends PlaceRef {
  kind: typeof DOCKER;
  /** The engine's id. */
  container: string;
  runFolder: string;
  /** Stays after its end, as its arguments ask for. */
  keep?: boolean;
  /** Where what it has written must be given back to the agent's user. */
  workspace?: string;
}

export interface DockerWorkloadRef extends DockerPlaceRef, WorkloadRef {
  kind: typeof DOCKER;
  output: string;
}

/** Narrows what comes back from the journal; `undefined` for what this driver did not write. */
export function dockerRef(ref: PlaceRef): DockerPlaceRef | undefined {
  const { kind, taskId, container, runFolder, keep, workspace } = ref;
  if (kind !== DOCKER || typeof container !== 'string' || typeof runFolder !== 'string') return undefined;
  return {
    kind,
    version: DOCKER_REF_VERSION,
    taskId,
    container,
    runFolder,
    ...(keep === true ? { keep } : {}),
    ...(typeof workspace === 'string' ? { workspace } : {}),
  };
}
