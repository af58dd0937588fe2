import type { LostRun, PlaceRef } from '../driver.js';
import {
  KEEP_LABEL,
  RUN_LABEL,
  RUNS_FOLDER_LABEL,
  runLabels,
  SIDE_LABEL,
} from './containers/container-plan.js';
import {
  DOCKER,
  DOCKER_REF_VERSION,
  type DockerPlaceRef,
  type DockerWorkloadRef,
  dockerRef,
} from './docker-ref.js';
import type { Engine } from './engine.js';
import { mustBeGivenBack } from './files/given-back.js';
import { MountedFiles } from './files/mounted-files.js';

/** The command that was launched in the container of a place; `undefined` where none was, or the container is gone. */
export async function launchedIn(engine: Engine, ref: PlaceRef): Promise<DockerWorkloadRef | undefined> {
  const docker = dockerRef(ref);
  const state = docker && (await engine.inspect(docker.container));
  if (docker === undefined || state === undefined) return undefined;
  const { UploadedFiles } = await import('./files/uploaded-files.js');
  const output = (await MountedFiles.released(docker)) ?? (await UploadedFiles.released(engine, state));
  return output === undefined ? undefined : { ...docker, output };
}

/** The container that was made for a run, by its labels. */
export async function containerOf(engine: Engine, run: LostRun): Promise<DockerPlaceRef | undefined> {
  const { taskId, runFolder, workspace } = run;
  const labels = Object.entries(runLabels(runFolder)).map(([name, value]) => `${name}=${value}`);
  const found = (await engine.list(labels)).find((one) => one.labels[SIDE_LABEL] === undefined);
  if (found === undefined) return undefined;
  return {
    kind: DOCKER,
    version: DOCKER_REF_VERSION,
    taskId,
    container: found.id,
    runFolder,
    ...(found.labels[KEEP_LABEL] === undefined ? {} : { keep: true }),
    ...(mustBeGivenBack() ? { workspace } : {}),
  };
}

/** Removes containers of runs under a folder that are not among `runs`. Answers their ids. */
export async function removeStray(
  engine: Engine,
  runsFolder: string,
  runs: ReadonlySet<string>,
): Promise<string[]> {
  const found = await engine.list([`${RUNS_FOLDER_LABEL}=${runsFolder}`]);
  const left = found.filter(
    ({ labels }) => !runs.has(labels[RUN_LABEL] ?? '') && labels[KEEP_LABEL] === undefined,
  );
  await Promise.all(left.map(({ id }) => engine.remove(id)));
  return left.map(({ id }) => id);
}
