import { statSync } from 'node:fs';
import path from 'node:path';
import { apiBefore } from '../../container/arguments/build-request.js';
import type { CreateRequest, DeviceRequest } from '../../container/create-request.js';
import { AgentError, systemCode } from '../../errors.js';

/** What decides about a request to Podman. */
export interface PodmanFacts {
  /** `5.8.2`. */
  version: string;
  /** Names of the runtimes that its configuration knows. */
  runtimes: readonly string[];
}

/** Older versions take device requests and ignore them: measured on 4.3.1 and 5.8.2, the release is from its notes. */
const DEVICES_SINCE = '5.4';
/** CDI kind of NVIDIA's GPUs. */
const NVIDIA_GPU = 'nvidia.com/gpu';

/**
 * The request as Podman's Docker-compatible API takes it. What it would ignore silently is refused.
 *
 * @throws AgentError DOCKER_CONTAINER for devices that it would not give, DOCKER_ARGUMENT for an unknown runtime
 */
export function podmanRequest(request: CreateRequest, { version, runtimes }: PodmanFacts): CreateRequest {
  const { DeviceRequests = [], Runtime = '' } = request.HostConfig;
  const names = DeviceRequests.flatMap(cdiNames);
  if (names.length > 0 && !givesDevices(version)) {
    throw new AgentError(
      names.some((name) => name.startsWith(NVIDIA_GPU)) ? 'GPU_DEVICE' : 'DOCKER_CONTAINER',
      `Podman ${version} gives containers no GPUs or other CDI devices through its API (${names.join(', ')})`,
      { hint: `Use Podman ${DEVICES_SINCE} or later, use Docker, or run the agent with --cpu-only.` },
    );
  }
  if (Runtime !== '' && !runtimes.includes(Runtime))
    throw new AgentError('DOCKER_ARGUMENT', `Podman has no runtime named ${Runtime}`);
  return {
    ...request,
    // A bare name would take the value that the process of Podman's service has.
    ...(request.Env === undefined ? {} : { Env: request.Env.filter((pair) => pair.includes('=')) }),
    HostConfig: {
      ...request.HostConfig,
      ...(names.length === 0 ? {} : { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: names }] }),
    },
  };
}

/** @param version of Podman */
export function givesDevices(version: string): boolean {
  return !apiBefore(version, DEVICES_SINCE);
}

/** Podman knows GPUs only by their names of the container device interface. */
function cdiNames({ Driver, DeviceIDs, Count = 0 }: DeviceRequest): string[] {
  if (Driver === 'cdi') return DeviceIDs ?? [];
  const ids = DeviceIDs ?? (Count < 0 ? ['all'] : Array.from({ length: Count }, (_, index) => String(index)));
  return ids.map((id) => `${NVIDIA_GPU}=${id}`);
}

/** @throws AgentError DOCKER_CONTAINER for a folder or file of this machine that is to be mounted and does not exist */
export function refuseMissingSources({ HostConfig: host }: CreateRequest): void {
  const binds = (host.Binds ?? []).map((bind) => bind.split(':', 1)[0] ?? '');
  const mounts = (host.Mounts ?? []).flatMap(({ Type, Source = '', BindOptions }) =>
    Type === 'bind' && BindOptions?.CreateMountpoint !== true ? [Source] : [],
  );
  const missing = [...binds, ...mounts].find((source) => path.isAbsolute(source) && isMissing(source));
  if (missing === undefined) return;
  throw new AgentError(
    'DOCKER_CONTAINER',
    `creating the container: the mount source ${missing} does not exist`,
    { hint: 'Make it first; Podman mounts only what exists.' },
  );
}

/** What may not be looked at is left to the engine. */
function isMissing(file: string): boolean {
  try {
    statSync(file);
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
  }
}
