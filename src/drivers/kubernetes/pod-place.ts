import path from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { stagingFolder } from '../../container/layout.js';
import type { PlannedContainer } from '../../container/plan/plan-container.js';
import { CONTAINER, ContainerPlace } from '../container/container-place.js';
import { handOverFile } from '../container/hand-over.js';
import { networkVariables } from '../container/network-variables.js';
import type { Capabilities, Staging } from '../driver.js';
import type { KubernetesPlaceRef } from './kubernetes-ref.js';
import { PodFiles } from './pod-files.js';
import { podLook } from './pod-look.js';
import type { PodSessions } from './pod-sessions.js';
import { TASK_CONTAINER } from './pod-state.js';
import { openShare, type PodShare } from './shared-volume.js';

/** A scheduler places pods. */
export const POD: Capabilities = { ...CONTAINER, appliesResources: true };

export interface OpenedPod {
  /** Of the task's container. */
  sessions: PodSessions;
  ref: KubernetesPlaceRef;
  pod: V1Pod;
  container: Pick<PlannedContainer, 'own'>;
  cacheGroup: string | undefined;
  /** What the pod has of a volume that the agent sees, too. */
  share: PodShare | undefined;
  workspace: string;
  /** For the agent's own tools, and what reaches the network. */
  environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The place that a pod is once its containers run.
 *
 * @throws AgentError CONFIG_VALUE, KUBERNETES, KUBERNETES_POD, DOCKER_CONTAINER
 */
export async function podPlace(opened: OpenedPod): Promise<ContainerPlace> {
  const { sessions, ref, pod, container, cacheGroup, share, workspace, environment } = opened;
  const exec = sessions.exec.bind(sessions);
  const { owner, environment: inside } = await podLook(exec);
  const files = new PodFiles({ exec, owner, workspace, environment });
  await files.sendOwn(container.own);
  if (share !== undefined) await openShare(share, { exec, owner, workspace, environment });
  const image = pod.status?.containerStatuses?.find(({ name }) => name === TASK_CONTAINER)?.imageID;
  return new ContainerPlace({
    exec,
    ref,
    image: image || undefined,
    environment: inside,
    capabilities: POD,
    sharesFiles: share?.hasWorkspace ?? false,
    workspace,
    mounts: share?.mounted ?? [],
    staging: share?.hasWorkspace ? sharedStaging(files, `${owner.uid}:${owner.gid}`, opened) : files,
    network: networkVariables(environment),
    ...(cacheGroup === undefined ? {} : { cacheGroup }),
  });
}

/** Of a workspace that the agent sees: what is moved there is in the pod. */
function sharedStaging(
  files: PodFiles,
  owner: string,
  { workspace, environment: env }: Pick<OpenedPod, 'workspace' | 'environment'>,
): Staging {
  const of = (file: string) => path.join(stagingFolder(workspace), path.relative(workspace, file));
  return {
    of,
    handOver: (file) => handOverFile(of(file), file, { owner, env }),
    copyOut: (file, to) => files.copyOut(file, to),
  };
}
