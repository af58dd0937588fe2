import type { HostConfig } from '../create-request.js';
import { capabilityName } from '../run-options/security-options.js';
import type { ContainerPolicy } from './container-policy.js';
import { matches, refuse } from './rules.js';

/** A namespace that is the container's own. Anything else is the host's, another container's or a path. */
const OWN_NAMESPACE = /^(?:|private|none|shareable|auto(?::.*)?|keep-id(?::.*)?|nomap)$/;

/** Capabilities, and the other ways to the rights that they stand for. */
export function checkRights(host: HostConfig, { capabilities, privileged }: ContainerPolicy): void {
  if (capabilities === undefined || privileged) return;
  if (host.Privileged) refuse('privileged', '--privileged');
  for (const [option, mode] of [
    ['--pid', host.PidMode],
    ['--ipc', host.IpcMode],
    ['--uts', host.UTSMode],
    ['--userns', host.UsernsMode],
    ['--cgroupns', host.CgroupnsMode],
  ] as const) {
    if (mode !== undefined && !OWN_NAMESPACE.test(mode)) refuse('privileged', `${option} ${mode}`);
  }
  const opened = host.SecurityOpt?.find((option) => !/^no-new-privileges([=:]true)?$/.test(option));
  if (opened !== undefined) refuse('privileged', `--security-opt ${opened.slice(0, 60)}`);
  if (host.MaskedPaths !== undefined) refuse('privileged', '--security-opt systempaths=unconfined');
  const [given] = GIVES_RIGHTS.flatMap((shown) => shown(host) || []);
  if (given !== undefined) refuse('privileged', given);
  const allowed = capabilities.map(capabilityName);
  const capability = host.CapAdd?.find((one) => !matches(one, allowed));
  if (capability !== undefined) refuse('capabilities', `capability ${capability}`);
}

/** Options that a container with few capabilities must not have, as they are shown. */
const GIVES_RIGHTS: readonly ((host: HostConfig) => string | false | undefined)[] = [
  // Groups of the host: what root's group may read, and sockets such as Docker's.
  ({ GroupAdd }) => groupOfRoot(GroupAdd),
  // Leaves the limits of the group that the engine puts containers in.
  ({ CgroupParent }) => CgroupParent !== undefined && `--cgroup-parent ${CgroupParent}`,
  // May be one that isolates nothing, or that obeys annotations.
  ({ Runtime }) => Runtime !== undefined && `--runtime ${Runtime}`,
  ({ Annotations }) => Annotations !== undefined && `--annotation ${Object.keys(Annotations)[0]}`,
  // The kernel then ends processes of others first.
  ({ OomScoreAdj = 0 }) => OomScoreAdj < 0 && `--oom-score-adj ${OomScoreAdj}`,
  ({ OomKillDisable }) => OomKillDisable === true && '--oom-kill-disable',
  // Real-time processes are served before all others.
  ({ CpuRealtimeRuntime = 0 }) => CpuRealtimeRuntime !== 0 && `--cpu-rt-runtime ${CpuRealtimeRuntime}`,
];

function groupOfRoot(groups: readonly string[] = []): string | undefined {
  const group = groups.find((name) => /^(?:0+|root)$/.test(name));
  return group === undefined ? undefined : `--group-add ${group}`;
}
