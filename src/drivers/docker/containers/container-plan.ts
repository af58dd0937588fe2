import path from 'node:path';
import type { CreateRequest, OwnMount } from '../../../container/create-request.js';
import type { PullPolicy } from '../../../container/run-options/request-draft.js';
import type { SetupScript } from '../../../container/setup-scripts.js';
import type { MountedFolder } from '../../container/container-place.js';
import type { RunFiles } from '../files/run-files.js';
import { WAITING_COMMAND } from '../waiting-command.js';

/** One task's container, planned. */
export interface ContainerPlan {
  /** With image, arguments, mounts and variables; its command and lifetime are the driver's. */
  request: CreateRequest;
  pull: PullPolicy;
  scripts: readonly SetupScript[];
  /** Lines for the task's log: the `docker run` line, what was left out. */
  notes: readonly string[];
  /** No label says whose it is: an image that is made of the container would keep it. */
  unlabelled?: true;
  /** Mounts among those of the request that the agent itself has added. */
  own?: readonly OwnMount[];
  /** As `Place.cacheGroup`. */
  cacheGroup?: string;
  /** Programs of the image never run as root, whoever starts them. */
  unprivileged?: true;
}

/** Marks containers of this agent with their run, so that leftovers are found. */
export const RUN_LABEL = 'clearml-agent-run';
/** Folder on the agent's side that has the folders of its runs: whose container it is. */
export const RUNS_FOLDER_LABEL = 'clearml-agent-runs-folder';

/** Marks containers beside that of a run, which work on its behalf. */
export const SIDE_LABEL = 'clearml-agent-side';

/** Marks containers that stay after their end, as `--rm=false` in the arguments asks for. */
export const KEEP_LABEL = 'clearml-agent-keep';

/**
 * Output is read from its start after a restart, so the engine must keep all of it, in a form that it reads
 * back; a size of its own would be overruled by that of the engine's configuration if it were left out.
 */
const WHOLE_LOG = { Type: 'json-file', Config: { 'max-size': '1p' } };

/** The planned request with the waiting command, and kept after its end until it has been read. */
export function completeRequest(plan: ContainerPlan, files: RunFiles, runFolder: string): CreateRequest {
  const laid = files.laid(plan.request);
  const { HostConfig: host } = laid;
  const labels = { ...runLabels(runFolder), ...(host.AutoRemove === false ? { [KEEP_LABEL]: '1' } : {}) };
  return {
    ...laid,
    Entrypoint: WAITING_COMMAND,
    Cmd: [],
    ...(plan.unlabelled ? {} : { Labels: { ...laid.Labels, ...labels } }),
    HostConfig: { LogConfig: WHOLE_LOG, ...host, AutoRemove: false },
  };
}

/** Labels that say whose a container is. */
export function runLabels(runFolder: string): Record<string, string> {
  return { [RUN_LABEL]: path.basename(runFolder), [RUNS_FOLDER_LABEL]: path.dirname(runFolder) };
}

/** The folder of the run that a container was made for, from its labels. */
export function labelledRun(labels: Readonly<Record<string, string>>): string | undefined {
  const { [RUN_LABEL]: run, [RUNS_FOLDER_LABEL]: parent } = labels;
  return run === undefined || parent === undefined ? undefined : path.join(parent, run);
}

/** Folders of the machine that the container has, where both sides name them alike. */
export function boundFolders({ HostConfig }: CreateRequest): MountedFolder[] {
  const binds = (HostConfig.Binds ?? []).map((bind) => bind.split(':'));
  return binds.flatMap(([host = '', inside = '']) => (path.isAbsolute(host) ? [{ host, inside }] : []));
}

/** What a bare name among the variables asks for; of engines only Docker does it by itself. */
export function removedVariables({ Env = [] }: CreateRequest): Record<string, undefined> {
  return Object.fromEntries(Env.filter((pair) => !pair.includes('=')).map((name) => [name, undefined]));
}
