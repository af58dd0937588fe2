import type { CreateRequest, HostConfig } from '../create-request.js';
import type { GivenOption } from '../run-options/option.js';
import type { ArgumentSources } from '../run-options/request-draft.js';
import { checkMounts, checkReadFiles } from './check-mounts.js';
import { checkRights } from './check-rights.js';
import type { ContainerPolicy } from './container-policy.js';
import { imageName } from './image-name.js';
import { matches, refuse } from './rules.js';

/** What a task asks for, without what the administrator and the agent add. */
export interface AskedByTask {
  image: string;
  options: readonly GivenOption[];
  /** The create request of these options alone; made after `checkReadFiles`, since it reads the files they name. */
  request(): CreateRequest;
  sources: ArgumentSources;
}

/**
 * Holds what a task asks for against the administrator's policy. A test says of every `docker run` option which rule judges
 * it, or that none needs to.
 *
 * @throws AgentError DOCKER_POLICY naming the rule
 */
export function checkPolicy(asked: AskedByTask, policy: ContainerPolicy): void {
  checkImage(asked.image, policy);
  checkReadFiles(asked, policy.mounts);
  const request = asked.request();
  const { HostConfig: host } = request;
  checkMounts(host, asked, policy.mounts);
  checkRights(host, policy);
  checkDevices(host, policy.devices);
  checkNetworks(request, policy.networks);
  checkLimits(host, policy);
}

/** The container with the limits that the policy gives laid in. */
export function withLimits(request: CreateRequest, policy: ContainerPolicy): CreateRequest {
  const { HostConfig: host } = request;
  const network = networkWithout(host, policy);
  const security = host.SecurityOpt?.filter((option) => !option.startsWith('no-new-privileges')) ?? [];
  return {
    ...request,
    ...(policy.user === undefined ? {} : { User: policy.user }),
    HostConfig: {
      ...host,
      ...(policy.noNewPrivileges ? { SecurityOpt: [...security, 'no-new-privileges'] } : {}),
      ...(policy.memory === undefined || host.Memory ? {} : { Memory: policy.memory }),
      ...(policy.pids === undefined || host.PidsLimit ? {} : { PidsLimit: policy.pids }),
      ...(network === undefined ? {} : { NetworkMode: network }),
    },
  };
}

function checkImage(image: string, { images, registries }: ContainerPolicy): void {
  const { full, registry } = imageName(image);
  if (registries !== undefined && !matches(registry, registries))
    refuse('registries', `registry ${registry}`);
  if (images !== undefined && !matches(image, images) && !matches(full, images))
    refuse('images', `image ${image}`);
}

function checkDevices(host: HostConfig, devices: readonly string[] | undefined): void {
  if (devices === undefined) return;
  if (host.Privileged) refuse('devices', '--privileged, which gives all devices,');
  if (host.DeviceCgroupRules !== undefined)
    refuse('devices', `--device-cgroup-rule "${host.DeviceCgroupRules[0]}"`);
  const names = [
    ...(host.Devices ?? []).map(({ PathOnHost }) => PathOnHost),
    ...(host.DeviceRequests ?? []).flatMap(({ DeviceIDs, Driver }) =>
      Driver === 'cdi' ? (DeviceIDs ?? []) : ['gpus'],
    ),
  ];
  const device = names.find((name) => !matches(name, devices));
  if (device !== undefined) refuse('devices', device === 'gpus' ? '--gpus' : `device ${device}`);
}

const DEFAULT_NETWORK = 'bridge';

function isDefaultNetwork(name: string): boolean {
  return name === 'default' || name === DEFAULT_NETWORK;
}

function checkNetworks(
  { HostConfig: host, NetworkingConfig: more }: CreateRequest,
  allowed: ContainerPolicy['networks'],
): void {
  if (allowed === undefined) return;
  const names = [
    ...(host.NetworkMode === undefined ? [] : [host.NetworkMode]),
    ...Object.keys(more?.EndpointsConfig ?? {}),
  ];
  const other = names.find((name) => !mayJoin(name, allowed));
  if (other !== undefined) refuse('networks', `network ${other}`);
  // A link hands the variables of the other container over, whatever the network.
  if (host.Links !== undefined) refuse('networks', `--link ${host.Links[0]}`);
}

function mayJoin(name: string, allowed: readonly string[]): boolean {
  return (
    matches(name, allowed) ||
    (isDefaultNetwork(name) && ['default', DEFAULT_NETWORK].some((one) => matches(one, allowed)))
  );
}

/** For a container that names no network: the first that the policy names where Docker's default is not among them. */
function networkWithout(host: HostConfig, { networks }: ContainerPolicy): string | undefined {
  if (networks === undefined || host.NetworkMode !== undefined || mayJoin(DEFAULT_NETWORK, networks))
    return undefined;
  return networks.find((name) => !name.includes('*')) ?? refuse('networks', "Docker's default network");
}

/** A limit is the most that a task may ask for. */
function checkLimits(host: HostConfig, { memory, pids, user }: ContainerPolicy): void {
  if (pids !== undefined && host.PidsLimit !== undefined && (host.PidsLimit <= 0 || host.PidsLimit > pids))
    refuse('pids_limit', `--pids-limit ${host.PidsLimit}`);
  if (memory !== undefined && (host.Memory ?? 0) > memory) refuse('memory', `--memory ${host.Memory}`);
  // Memory and swap together; Docker allows twice the memory where nothing is said.
  const swap = host.MemorySwap ?? 0;
  if (memory !== undefined && (swap < 0 || swap > 2 * memory))
    refuse('memory', `--memory-swap ${host.MemorySwap}`);
  if (memory !== undefined && host.OomKillDisable) refuse('memory', '--oom-kill-disable');
  if (user !== undefined && host.GroupAdd !== undefined) refuse('user', `--group-add ${host.GroupAdd[0]}`);
}
