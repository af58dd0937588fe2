import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../errors.js';
import type { Cluster } from './cluster.js';
import { FINALIZER } from './pod-from-plan.js';
import { ownedBy, RUN_LABEL } from './pod-identity.js';

/** All that the command printed has been read: nothing in the pod needs time to end. */
const GRACE_S = 1;
const ASK_AGAIN_MS = 300;
const END_MS = 60_000;

/**
 * Removes the pods of an owner in one namespace but those of some runs.
 *
 * @param kept labels of runs
 * @returns names of the removed pods
 */
export async function removeOthers(
  cluster: Cluster,
  owner: string,
  kept: ReadonlySet<string>,
): Promise<string[]> {
  const { pods } = await cluster.pods(ownedBy(owner));
  const left = pods.filter(({ metadata }) => !kept.has(metadata?.labels?.[RUN_LABEL] ?? ''));
  const names = left.map(({ metadata }) => metadata?.name ?? '');
  await Promise.all(names.map((name) => removePod(cluster, name)));
  return names.map((name) => `pod ${name}`);
}

/**
 * Deletes a pod and waits until it is gone. Its node has ended its containers by then, unless that node is lost.
 *
 * @throws AgentError PROCESS_STUCK, KUBERNETES
 */
export async function removePod(
  cluster: Cluster,
  name: string,
  { keepSecret = false }: { keepSecret?: boolean } = {},
): Promise<void> {
  if (!keepSecret) await cluster.deleteSecret(name);
  await cluster.deletePod(name, GRACE_S);
  const deadline = performance.now() + END_MS;
  for (;;) {
    const pod = await cluster.pod(name);
    if (pod === undefined) return;
    const { finalizers = [] } = pod.metadata ?? {};
    // The kubelet removes the object itself; what the finalizer was for has been read.
    if (finalizers.includes(FINALIZER))
      await cluster.patchPod(name, {
        metadata: { finalizers: finalizers.filter((one) => one !== FINALIZER) },
      });
    if (performance.now() > deadline)
      throw new AgentError('PROCESS_STUCK', `pod ${name} is not gone ${END_MS / 1000} s after its deletion`, {
        hint: 'Its node may be lost: "kubectl delete pod --force" forgets it.',
      });
    await sleep(ASK_AGAIN_MS);
  }
}
