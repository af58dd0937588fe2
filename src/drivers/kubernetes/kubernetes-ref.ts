import path from 'node:path';
import type { PlaceRef, WorkloadRef } from '../driver.js';

export const KUBERNETES = 'kubernetes';

export const KUBERNETES_REF_VERSION = 1;

/** What the journal keeps of a pod. */
export interface KubernetesPlaceRef extends PlaceRef {
  kind: typeof KUBERNETES;
  /** Name of the pod and of its secret. */
  pod: string;
  namespace: string;
  runFolder: string;
}

export interface KubernetesWorkloadRef extends KubernetesPlaceRef, WorkloadRef {
  kind: typeof KUBERNETES;
  output: string;
}

export function placeRef(
  facts: Pick<KubernetesPlaceRef, 'taskId' | 'pod' | 'namespace' | 'runFolder'>,
): KubernetesPlaceRef {
  return { kind: KUBERNETES, version: KUBERNETES_REF_VERSION, ...facts };
}

/** Of a run: shows that it had a pod. */
export function podFolder(runFolder: string): string {
  return path.join(runFolder, 'pod');
}

const POD_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** Narrows what comes back from the journal; `undefined` for what this driver did not write. */
export function kubernetesRef(ref: PlaceRef): KubernetesPlaceRef | undefined {
  const { kind, taskId, pod, namespace, runFolder } = ref;
  if (kind !== KUBERNETES || typeof runFolder !== 'string') return undefined;
  if (typeof pod !== 'string' || !POD_NAME.test(pod)) return undefined;
  if (typeof namespace !== 'string' || !POD_NAME.test(namespace)) return undefined;
  return placeRef({ taskId, pod, namespace, runFolder });
}
