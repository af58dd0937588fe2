import path from 'node:path';
import { AgentError } from '../../../errors.js';
import type { CreateRequest, HostConfig } from '../create-request.js';
import type { GivenOption } from '../run-options/option.js';
import { capabilityName } from '../run-options/security-options.js';
import type { ContainerPolicy } from './container-policy.js';
import { imageName } from './image-name.js';

/** What a task asks for, without what the administrator and the agent add. */
export interface AskedByTask {
  image: string;
  options: readonly GivenOption[];
  /** The create request of these options alone. */
  request: CreateRequest;
}

/**
 * Holds what a task asks for against the administrator's policy.
 *
 * @throws AgentError DOCKER_POLICY naming the rule
 */
export function checkPolicy(asked: AskedByTask, policy: ContainerPolicy): void {
  const { HostConfig: host } = asked.request;
  checkImage(asked.image, policy);
  checkMounts(host, asked.options, policy.mounts);
  checkRights(host, policy);
  checkDevices(host, policy.devices);
  if (
    policy.networks !== undefined &&
    host.NetworkMode !== undefined &&
    !matches(host.NetworkMode, policy.networks)
  ) {
    refuse('networks', `network ${host.NetworkMode}`);
  }
}

/** The container with the limits that the policy gives laid in. */
export function withLimits(request: CreateRequest, policy: ContainerPolicy): CreateRequest {
  const { HostConfig: host } = request;
  const security = host.SecurityOpt?.filter((option) => !option.startsWith('no-new-privileges')) ?? [];
  return {
    ...request,
    ...(policy.user === undefined ? {} : { User: policy.user }),
    HostConfig: {
      ...host,
      ...(policy.noNewPrivileges ? { SecurityOpt: [...security, 'no-new-privileges'] } : {}),
      ...(policy.memory === undefined || host.Memory ? {} : { Memory: policy.memory }),
      ...(policy.pids === undefined || host.PidsLimit ? {} : { PidsLimit: policy.pids }),
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

/** Options whose value is a file that is read on the host. */
const READS_FILES = new Set(['env-file', 'label-file']);

function checkMounts(
  host: HostConfig,
  options: readonly GivenOption[],
  allowed: readonly string[] | undefined,
): void {
  if (allowed === undefined) return;
  if (host.VolumesFrom !== undefined) refuse('mounts', `--volumes-from ${host.VolumesFrom.join(' ')}`);
  const binds = (host.Binds ?? []).map((bind) => bind.split(':', 1)[0] ?? '');
  const mounts = (host.Mounts ?? []).flatMap(({ Type, Source, VolumeOptions }) => [
    ...(Type === 'bind' && Source !== undefined ? [Source] : []),
    // A volume of the local driver can be a folder of the host under another name.
    ...(VolumeOptions?.DriverConfig?.Options?.device ?? '').split('\n').filter((device) => device !== ''),
  ]);
  const profile = options.filter(
    ({ option, value }) => option.name === 'security-opt' && /^seccomp[=:]\//.test(value),
  );
  const files = options.flatMap(({ option, value }) =>
    READS_FILES.has(option.name) ? [path.resolve(value)] : [],
  );
  const sources = [
    ...binds,
    ...mounts,
    ...files,
    ...profile.map(({ value }) => value.slice('seccomp='.length)),
  ];
  for (const source of sources.filter((one) => one.startsWith('/'))) {
    const real = path.resolve(source);
    const fits = allowed.some(
      (folder) => matches(real, [folder]) || real.startsWith(`${path.resolve(folder)}/`),
    );
    if (!fits) refuse('mounts', `host path ${real}`);
  }
}

/** Other ways to rights that capabilities stand for. */
function checkRights(host: HostConfig, { capabilities, privileged }: ContainerPolicy): void {
  if (capabilities === undefined || privileged) return;
  if (host.Privileged) refuse('privileged', '--privileged');
  for (const [option, mode] of [
    ['--pid', host.PidMode],
    ['--userns', host.UsernsMode],
    ['--cgroupns', host.CgroupnsMode],
  ] as const) {
    if (mode === 'host') refuse('privileged', `${option} host`);
  }
  const opened = host.SecurityOpt?.find((option) => !/^no-new-privileges([=:]true)?$/.test(option));
  if (opened !== undefined) refuse('privileged', `--security-opt ${opened.slice(0, 60)}`);
  if (host.MaskedPaths !== undefined) refuse('privileged', '--security-opt systempaths=unconfined');
  const allowed = capabilities.map(capabilityName);
  const capability = host.CapAdd?.find((one) => !matches(one, allowed));
  if (capability !== undefined) refuse('capabilities', `capability ${capability}`);
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

function matches(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
    return new RegExp(`^${escaped}$`).test(text);
  });
}

function refuse(rule: string, what: string): never {
  throw new AgentError('DOCKER_POLICY', `${what} is not allowed here by agent.container_policy.${rule}`, {
    hint: 'Ask the administrator of this machine, or change what the task asks for.',
  });
}
