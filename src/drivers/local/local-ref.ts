import path from 'node:path';
import type { PlaceRef, WorkloadRef } from '../driver.js';

export const LOCAL = 'local';

/** The first references had no version. */
export const LOCAL_REF_VERSION = 2;

/** What the journal keeps of a place on this machine. */
export interface LocalPlaceRef extends PlaceRef {
  kind: typeof LOCAL;
  runFolder: string;
  /** Value of the marker variable in the environment of all that is run for the task. */
  marker: string;
  /** Folder of the control group that all of it is in, where this user may have one. */
  controlGroup?: string;
  /** Whether the waiting shell is the subreaper of the command. */
  reaper?: boolean;
  /** The CPUs of the command, as Linux lists them. */
  cpus?: string;
}

/** Of a command launched there. Without a pid when the daemon was killed before it could note it. */
export interface LocalWorkloadRef extends LocalPlaceRef, WorkloadRef {
  kind: typeof LOCAL;
  output: string;
  pid?: number;
  startTime?: string;
}

export function outputFile(runFolder: string): string {
  return path.join(runFolder, 'output.log');
}

export function statusFile(runFolder: string): string {
  return path.join(runFolder, 'exit-status');
}

/** Narrows what comes back from the journal; `undefined` for what this driver did not write. */
export function localRef(ref: PlaceRef): LocalPlaceRef | undefined {
  const { kind, taskId, runFolder, marker, controlGroup, reaper, cpus } = ref;
  if (kind !== LOCAL || typeof runFolder !== 'string' || typeof marker !== 'string' || marker === '') return;
  return {
    kind,
    version: LOCAL_REF_VERSION,
    taskId,
    runFolder,
    marker,
    ...(isOwnGroup(controlGroup, marker) ? { controlGroup } : {}),
    ...(reaper === true ? { reaper } : {}),
    ...(typeof cpus === 'string' ? { cpus } : {}),
  };
}

export function controlGroupName(marker: string): string {
  return `clearml-task-${marker}`;
}

/** All in a group is killed at the end, so a journal names none but the run's own. */
function isOwnGroup(folder: unknown, marker: string): folder is string {
  return (
    typeof folder === 'string' &&
    path.isAbsolute(folder) &&
    path.basename(folder) === controlGroupName(marker)
  );
}
