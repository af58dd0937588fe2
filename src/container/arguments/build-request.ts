import { AgentError } from '../../errors.js';
import type { CreateRequest } from '../create-request.js';
import { finishLifecycle } from '../run-options/lifecycle-options.js';
import { finishNetworks } from '../run-options/networks.js';
import type { GivenOption } from '../run-options/option.js';
import { finishProcess } from '../run-options/process-options.js';
import { type ArgumentSources, newDraft, type PullPolicy } from '../run-options/request-draft.js';

export interface BuiltRequest {
  request: CreateRequest;
  /** `--pull` of the arguments. */
  pull: PullPolicy;
}

/**
 * The engine's create request that `docker create` would send for these options. Later options win where
 * only one can count.
 *
 * @throws AgentError DOCKER_ARGUMENT
 */
export function buildRequest(options: readonly GivenOption[], sources: ArgumentSources): BuiltRequest {
  const draft = newDraft(sources);
  for (const given of options) given.option.apply(draft, given);
  finishProcess(draft);
  finishNetworks(draft);
  finishLifecycle(draft);
  return { request: draft.request, pull: draft.pull };
}

/**
 * The request as an engine of this API version takes it.
 *
 * @param version of the engine's API: `1.41` is Docker 20.10
 * @throws AgentError DOCKER_ARGUMENT for an option that the engine is too old for
 */
export function forEngine(
  request: CreateRequest,
  options: readonly GivenOption[],
  version: string,
): CreateRequest {
  const tooNew = options.find(({ option }) => option.since !== undefined && apiBefore(version, option.since));
  if (tooNew !== undefined) {
    throw new AgentError(
      'DOCKER_ARGUMENT',
      `docker argument ${tooNew.written} needs engine API ${tooNew.option.since}, this engine has ${version}`,
    );
  }
  const adapted = structuredClone(request);
  if (apiBefore(version, '1.44')) moveMacAddress(adapted);
  // Docker 23 dropped the limit; a newer engine would refuse the request because of it.
  if (!apiBefore(version, '1.42')) delete adapted.HostConfig.KernelMemory;
  return adapted;
}

/** Before API 1.44 a container has one MAC address, not one per network. */
function moveMacAddress(request: CreateRequest): void {
  const [first] = Object.values(request.NetworkingConfig?.EndpointsConfig ?? {});
  if (first?.MacAddress === undefined) return;
  request.MacAddress = first.MacAddress;
  delete first.MacAddress;
  if (Object.keys(first).length === 0) delete request.NetworkingConfig;
}

export function apiBefore(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
