import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { CreateRequest, MountSpec } from '../../container/create-request.js';
import { CONTROL_INSIDE, WORKSPACE_INSIDE } from '../../container/layout.js';
import { notHere } from './pod-options.js';
import type { PodShare } from './shared-volume.js';

export interface PodVolumes {
  volumes: V1Volume[];
  mounts: V1VolumeMount[];
}

const SHARED = 'clearml-shared';

/** A volume with the name of a claim: letters, digits, dashes and dots. */
const CLAIM = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/**
 * Volumes of the task's container. A named volume is a claim of that name; folders of the node are not mounted.
 *
 * @param share what the pod has of a volume that the agent sees, too
 * @param own mounts of the agent, `source:target`, whose files are uploaded instead
 * @throws AgentError DOCKER_ARGUMENT
 */
export function podVolumes(
  { HostConfig: host }: CreateRequest,
  own: ReadonlySet<string>,
  share?: Pick<PodShare, 'volume' | 'mounts' | 'hasWorkspace'>,
): PodVolumes {
  const all: PodVolumes = { volumes: [], mounts: [] };
  const add = (mount: V1VolumeMount, volume: Omit<V1Volume, 'name'>) => {
    if (!all.volumes.some(({ name }) => name === mount.name))
      all.volumes.push({ name: mount.name, ...volume });
    all.mounts.push(mount);
  };
  if (!share?.hasWorkspace) add({ name: 'workspace', mountPath: WORKSPACE_INSIDE }, { emptyDir: {} });
  for (const mount of share?.mounts ?? []) add({ name: SHARED, ...mount }, share?.volume ?? {});
  add({ name: 'control', mountPath: CONTROL_INSIDE }, { emptyDir: {} });
  if (host.ShmSize) add({ name: 'shm', mountPath: '/dev/shm' }, memory(host.ShmSize));
  for (const [at, bind] of (host.Binds ?? []).entries()) {
    const [source = '', target = '', mode = ''] = bind.split(':');
    if (own.has(`${source}:${target}`)) continue;
    if (!CLAIM.test(source)) throw notHere('-v', `${bind} of a folder of the machine`);
    add(
      { name: `claim-${at}`, mountPath: target, ...(/\bro\b/.test(mode) ? { readOnly: true } : {}) },
      { persistentVolumeClaim: { claimName: source } },
    );
  }
  for (const [at, [target, options]] of Object.entries(host.Tmpfs ?? {}).entries())
    add({ name: `tmpfs-${at}`, mountPath: target }, memory(sizeOf(options)));
  for (const [at, mount] of (host.Mounts ?? []).entries()) addMount(add, mount, `mount-${at}`);
  return all;
}

function addMount(
  add: (mount: V1VolumeMount, volume: Omit<V1Volume, 'name'>) => void,
  { Type, Source = '', Target = '', ReadOnly, TmpfsOptions, VolumeOptions }: MountSpec,
  name: string,
): void {
  const mount = { name, mountPath: Target, ...(ReadOnly ? { readOnly: true } : {}) };
  if (Type === 'tmpfs') {
    add(mount, memory(TmpfsOptions?.SizeBytes));
    return;
  }
  if (Type !== 'volume' || !CLAIM.test(Source)) throw notHere('--mount', `type=${Type},source=${Source}`);
  const subPath = VolumeOptions?.Subpath;
  add({ ...mount, ...(subPath ? { subPath } : {}) }, { persistentVolumeClaim: { claimName: Source } });
}

function memory(bytes: number | undefined): Omit<V1Volume, 'name'> {
  return { emptyDir: { medium: 'Memory', ...(bytes ? { sizeLimit: String(bytes) } : {}) } };
}

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, '': 1 };

function sizeOf(options: string): number | undefined {
  const found = /(?:^|,)size=(\d+)([kmg]?)/i.exec(options);
  return found === null ? undefined : Number(found[1]) * (UNITS[(found[2] ?? '').toLowerCase()] ?? 1);
}
