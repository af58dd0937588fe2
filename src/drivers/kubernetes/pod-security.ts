import type { V1Container, V1PodSpec, V1SecurityContext } from '@kubernetes/client-node';
import type { CreateRequest } from '../../container/create-request.js';
import { AgentError } from '../../errors.js';
import { notHere } from './pod-options.js';

export interface PodSecurity {
  pod: Partial<V1PodSpec>;
  container: Partial<V1Container>;
  /** The second container has the same user, since it reads files of the first, and no further rights. */
  keeper: Partial<V1Container>;
}

/** @throws AgentError DOCKER_ARGUMENT */
export function podSecurity(request: CreateRequest): PodSecurity {
  const { HostConfig: host } = request;
  const user = userOf(request.User);
  const capabilities = {
    ...(host.CapAdd === undefined ? {} : { add: host.CapAdd.map(bareCapability) }),
    ...(host.CapDrop === undefined ? {} : { drop: host.CapDrop.map(bareCapability) }),
  };
  const context: V1SecurityContext = {
    ...user,
    ...(Object.keys(capabilities).length === 0 ? {} : { capabilities }),
    ...(host.Privileged ? { privileged: true } : {}),
    ...(host.ReadonlyRootfs ? { readOnlyRootFilesystem: true } : {}),
    ...securityOptions(host.SecurityOpt ?? []),
  };
  return {
    pod: { ...networkOf(request), ...namespacesOf(host) },
    container: contextOf(context),
    keeper: contextOf({
      ...user,
      ...('allowPrivilegeEscalation' in context ? { allowPrivilegeEscalation: false } : {}),
    }),
  };
}

function contextOf(securityContext: V1SecurityContext): Partial<V1Container> {
  return Object.keys(securityContext).length === 0 ? {} : { securityContext };
}

function userOf(user: string | undefined): V1SecurityContext {
  if (!user) return {};
  const found = /^(\d+)(?::(\d+))?$/.exec(user);
  if (found === null)
    throw new AgentError(
      'DOCKER_ARGUMENT',
      `docker argument -u ${user}: Kubernetes takes numbers of users only`,
      {
        hint: 'Write it as -u 1000 or -u 1000:1000.',
      },
    );
  const [, runAsUser, runAsGroup] = found;
  return {
    runAsUser: Number(runAsUser),
    ...(runAsGroup === undefined ? {} : { runAsGroup: Number(runAsGroup) }),
  };
}

function bareCapability(name: string): string {
  return name.replace(/^CAP_/, '');
}

function securityOptions(options: readonly string[]): V1SecurityContext {
  const context: V1SecurityContext = {};
  for (const option of options) {
    if (/^no-new-privileges(?::true)?$/.test(option)) context.allowPrivilegeEscalation = false;
    else if (option === 'seccomp=unconfined') context.seccompProfile = { type: 'Unconfined' };
    else if (option === 'apparmor=unconfined') context.appArmorProfile = { type: 'Unconfined' };
    else throw notHere('--security-opt', option);
  }
  return context;
}

const DEFAULT_NETWORKS = ['', 'default', 'bridge'];

function networkOf({ HostConfig: host, Hostname }: CreateRequest): Partial<V1PodSpec> {
  const { NetworkMode: network = '', ExtraHosts = [], Dns = [], DnsOptions = [], DnsSearch = [] } = host;
  if (network !== 'host' && !DEFAULT_NETWORKS.includes(network)) throw notHere('--network', network);
  const dnsConfig = {
    ...(Dns.length === 0 ? {} : { nameservers: Dns }),
    ...(DnsSearch.length === 0 ? {} : { searches: DnsSearch }),
    ...(DnsOptions.length === 0 ? {} : { options: DnsOptions.map(dnsOption) }),
  };
  return {
    ...(network === 'host' ? { hostNetwork: true } : {}),
    ...(Hostname ? { hostname: Hostname } : {}),
    ...(ExtraHosts.length === 0 ? {} : { hostAliases: ExtraHosts.map(hostAlias) }),
    ...(Object.keys(dnsConfig).length === 0 ? {} : { dnsConfig }),
    ...(Dns.length === 0 ? {} : { dnsPolicy: 'None' }),
  };
}

function dnsOption(text: string): { name: string; value?: string } {
  const [name = '', value] = text.split(':');
  return value === undefined ? { name } : { name, value };
}

/** `NAME:ADDRESS`; an address of IPv6 has colons of its own. */
function hostAlias(text: string): { ip: string; hostnames: string[] } {
  const at = text.indexOf(':');
  const ip = text.slice(at + 1);
  if (ip === 'host-gateway') throw notHere('--add-host', text);
  return { ip, hostnames: [text.slice(0, at)] };
}

function namespacesOf({ IpcMode = '', PidMode = '' }: CreateRequest['HostConfig']): Partial<V1PodSpec> {
  if (!['', 'private', 'shareable', 'host'].includes(IpcMode)) throw notHere('--ipc', IpcMode);
  // A pod cannot have the namespace of the node and one that its containers share.
  if (PidMode !== '') throw notHere('--pid', PidMode);
  return IpcMode === 'host' ? { hostIPC: true } : {};
}
