import type { Config } from '../../config/config.js';
import { AgentError } from '../../errors.js';
import { byteSize } from '../run-options/values.js';

/**
 * What containers of tasks may be; everything is allowed where a list is absent. Entries of lists are texts
 * in which `*` stands for any letters.
 */
export interface ContainerPolicy {
  images: readonly string[] | undefined;
  registries: readonly string[] | undefined;
  /** Host folders; what is below them is allowed too. */
  mounts: readonly string[] | undefined;
  capabilities: readonly string[] | undefined;
  networks: readonly string[] | undefined;
  devices: readonly string[] | undefined;
  privileged: boolean;
  /** Nothing in the container can gain rights, by setuid programs for one. */
  noNewPrivileges: boolean;
  /** `uid:gid` of all containers. */
  user: string | undefined;
  /** Bytes, where the arguments set no limit. */
  memory: number | undefined;
  /** Processes, where the arguments set no limit. */
  pids: number | undefined;
}

/** @throws AgentError CONFIG_VALUE */
export function readContainerPolicy(config: Config): ContainerPolicy {
  const policy = config.agent.containerPolicy;
  return {
    images: policy.images,
    registries: policy.registries,
    mounts: policy.mounts,
    capabilities: policy.capabilities,
    networks: policy.networks,
    devices: policy.devices,
    privileged: policy.privileged,
    noNewPrivileges: policy.noNewPrivileges,
    user: policy.user,
    memory: memoryLimit(policy.memory),
    pids: policy.pidsLimit,
  };
}

function memoryLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = byteSize(text);
  if (bytes !== undefined) return bytes;
  throw new AgentError(
    'CONFIG_VALUE',
    `agent.container_policy.memory: expected a size such as 16g, found "${text}"`,
  );
}
