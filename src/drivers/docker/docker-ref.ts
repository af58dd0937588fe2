import path from 'node:path';
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

/** Folders of a run on the machine of the agent. */
export interface RunFolders {
  workspace: string;
  runFolder: string;
}

/** Host folder for what the agent makes for a workspace, beside it: of the same file system, and never mounted. */
export function stagingFolder(workspace: string): string {
  return path.join(path.dirname(workspace), `${path.basename(workspace)}.staging`);
}

/** Inside: code, packages, and what starts the command. Short, so that any user of the image can reach them. */
export const WORKSPACE_INSIDE = '/.clearml.workspace';
export const CONTROL_INSIDE = '/.clearml.run';

/** Host folder that the container sees as `CONTROL_INSIDE`. */
export function controlFolder(runFolder: string): string {
  return path.join(runFolder, 'container');
}
