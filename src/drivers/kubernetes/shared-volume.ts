import { randomBytes } from 'node:crypto';
import { chown, rm } from 'node:fs/promises';
import path from 'node:path';
import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { WORKSPACE_INSIDE } from '../../container/layout.js';
import type { PlannedContainer } from '../../container/plan/plan-container.js';
import { AgentError } from '../../errors.js';
import { ensureFolder, writeFileDurable } from '../../os/files.js';
import type { RunContainerExec } from '../container/container-exec.js';
import type { MountedFolder } from '../container/container-place.js';
import { fitOwnMounts, giveFolders } from '../container/own-mounts.js';
import type { ArchiveOwner } from '../container/tree-archive.js';

/** A volume that the agent and all pods see. */
export interface SharedVolume {
  /** The volume's root as the agent sees it. */
  folder: string;
  volume: Omit<V1Volume, 'name'>;
}

/** What one pod has of the shared volume. */
export interface PodShare {
  volume: Omit<V1Volume, 'name'>;
  mounts: Omit<V1VolumeMount, 'name'>[];
  /** The workspace is on the volume, so no file is uploaded to it. */
  hasWorkspace: boolean;
  /** Caches, as the configuration names them and where the pod has them. */
  mounted: MountedFolder[];
  /** Folders that are to belong to the pod's user. */
  userFolders: string[];
}

export interface ShareRequest {
  workspace: string;
  container: Pick<PlannedContainer, 'own' | 'request' | 'folders'>;
  cacheGroup: string | undefined;
  runFolder: string;
}

/**
 * The folders of a run that lie on the volume, each mounted by itself: a pod sees no folder of another one. Other users than
 * root cannot remove what pods write, so an agent of theirs shares caches only.
 */
export async function podShare({ folder, volume }: SharedVolume, request: ShareRequest): Promise<PodShare> {
  const { workspace, container, cacheGroup, runFolder } = request;
  const caches = container.own.filter(({ file, cache }) => cache && within(folder, file) !== undefined);
  for (const { file } of caches) await ensureFolder(file);
  const fitted = await fitOwnMounts({
    request: {
      ...container.request,
      HostConfig: { Binds: caches.map(({ source, target }) => `${source}:${target}`) },
    },
    own: caches,
    user: container.request.User ?? '',
    copies: path.join(runFolder, 'copies'),
    engineSees: (file) => within(folder, file),
    ...(cacheGroup === undefined ? {} : { cacheGroup }),
  });
  const place = within(folder, workspace);
  const hasWorkspace = place !== undefined && process.getuid?.() === 0;
  const mounts = (fitted.request.HostConfig.Binds ?? []).map((bind) => {
    const at = bind.lastIndexOf(':');
    return { subPath: bind.slice(0, at), mountPath: bind.slice(at + 1) };
  });
  return {
    volume,
    mounts: [...(hasWorkspace ? [{ subPath: place, mountPath: WORKSPACE_INSIDE }] : []), ...mounts],
    hasWorkspace,
    mounted: fitted.mounted,
    userFolders: fitted.folders,
  };
}

/** The path of a file below a folder; `undefined` for one that is not in it. */
function within(folder: string, file: string): string | undefined {
  const relative = path.relative(folder, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? undefined : relative;
}

/**
 * Gives the folders of a share to the pod's user, and makes sure that the pod sees the files of the agent.
 *
 * @throws AgentError CONFIG_VALUE for a volume that is another one than the agent's
 */
export async function openShare(
  { hasWorkspace, userFolders }: PodShare,
  { exec, owner, workspace, environment }: OpenedShare,
): Promise<void> {
  await giveFolders(userFolders, `${owner.uid}:${owner.gid}`, environment);
  if (!hasWorkspace) return;
  await chown(workspace, owner.uid, owner.gid);
  const marker = `.seen-${randomBytes(8).toString('hex')}`;
  const file = path.join(workspace, marker);
  await writeFileDurable(file, '');
  try {
    const argv = ['/bin/sh', '-c', '[ -f "$1" ]', 'sh', path.posix.join(WORKSPACE_INSIDE, marker)];
    if ((await exec({ argv, onOutput: () => undefined })) === 0) return;
  } finally {
    await rm(file, { force: true });
  }
  throw new AgentError(
    'CONFIG_VALUE',
    `agent.kubernetes.shared_folder: pods do not see the files of ${workspace} on their volume`,
    { hint: 'The claim or host path has to be the volume that the agent has at that folder.' },
  );
}

interface OpenedShare {
  exec: RunContainerExec;
  owner: ArchiveOwner;
  workspace: string;
  /** For the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}
