import type { PlaceRef, WorkloadRef } from '../driver.js';
import { REF_VERSIONS } from '../ref-version.js';

/** What the journal keeps of a container. */
export interface DockerPlaceRef extends PlaceRef {
  kind: 'docker';
  /** The engine's id. */
  container: string;
  runFolder: string;
  /** Stays after its end, as its arguments ask for. */
  keep?: boolean;
  /** Where what it has written must be given back to the agent's user. */
  workspace?: string;
}

export interface DockerWorkloadRef extends DockerPlaceRef, WorkloadRef {
  kind: 'docker';
  output: string;
}

/** Narrows what comes back from the journal; `undefined` for what this driver did not write. */
export function dockerRef(ref: PlaceRef): DockerPlaceRef | undefined {
  const { kind, taskId, container, runFolder, keep, workspace } = ref;
  if (kind !== 'docker' || typeof container !== 'string' || typeof runFolder !== 'string') return undefined;
  return {
    kind,
    version: REF_VERSIONS.docker,
    taskId,
    container,
    runFolder,
    ...(keep === true ? { keep } : {}),
    ...(typeof workspace === 'string' ? { workspace } : {}),
  };
}
