import { hostname } from 'node:os';
import type { HostFolder } from '../../../container/plan/host-mount.js';
import { readTextIfThere } from '../../../os/files.js';
import type { Engine } from '../engine.js';

/** The container that the agent itself runs in, as the engine of its tasks knows it. */
export interface OwnContainer {
  network: string | undefined;
  mounts: readonly HostFolder[];
}

const MOUNTS = '/proc/self/mountinfo';

/**
 * Looks up the agent's own container.
 *
 * @param expected a mount that it has; another container is not taken for ours
 * @returns `undefined` where the engine has no such container
 */
export async function findOwnContainer(
  engine: Engine,
  expected: HostFolder | undefined,
): Promise<OwnContainer | undefined> {
  const inMounts = containerIdIn((await readTextIfThere(MOUNTS)) ?? '');
  // The host name is that of the machine where the container is in its network.
  for (const id of [hostname(), ...(inMounts === undefined ? [] : [inMounts])]) {
    const own = await engine.askIfThere((docker) => docker.getContainer(id).inspect());
    if (own === undefined) continue;
    const mounts = own.Mounts.flatMap(({ Source, Destination }) =>
      Source ? [{ outside: Source, inside: Destination }] : [],
    );
    const isOurs = mounts.some(({ inside }) => inside === expected?.inside);
    if (expected === undefined || isOurs) return { network: own.HostConfig.NetworkMode || undefined, mounts };
  }
  return undefined;
}

/** Engines mount files of their own into each container, from a folder that has its id as name. */
export function containerIdIn(mountinfo: string): string | undefined {
  return /\/([0-9a-f]{64})\/(?:userdata\/)?(?:hostname|hosts|resolv\.conf) /.exec(mountinfo)?.[1];
}
