import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { AgentError, isAgentError } from '../../errors.js';
import type { PlaceRequest } from '../driver.js';
import type { Cluster } from './cluster.js';
import { clusterError, hasStatus, isQuotaRefusal } from './cluster-errors.js';
import { RUN_LABEL } from './pod-identity.js';
import { removePod } from './pod-removal.js';

export interface CreationParts extends Pick<PlaceRequest, 'reporter' | 'signal' | 'pending'> {
  /** How long a quota that is used up is waited for, in milliseconds. */
  scheduleMs: number;
}

const QUOTA_AGAIN_MS = 5000;
const AGAIN_MS = 1000;
/** Calls whose answer is lost, and pods of the same name that are being deleted. */
const TRIES = 60;

/**
 * Makes a pod; waits for a quota, and for the end of a pod that an earlier attempt of the run left.
 *
 * @throws AgentError KUBERNETES_POD, KUBERNETES_ACCESS, KUBERNETES, NO_PLACE
 */
export async function createPod(cluster: Cluster, pod: V1Pod, parts: CreationParts): Promise<V1Pod> {
  const { signal } = parts;
  const quota = new QuotaWait(pod, parts);
  let mayBeOurs = false;
  for (let tries = 1; ; tries++) {
    try {
      return await cluster.createPod(pod, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isQuotaRefusal(error)) {
        await quota.pause(error.message);
        continue;
      }
      const isTaken = hasStatus(error, 409);
      const known = clusterError(`making pod ${pod.metadata?.name}`, error, cluster.access.server);
      if (tries === TRIES || !(isTaken || isAgentError(known, 'KUBERNETES'))) throw known;
      const there = isTaken && (await taken(cluster, pod, mayBeOurs));
      if (there) return there;
      mayBeOurs ||= !isTaken;
      await sleep(AGAIN_MS, undefined, { signal });
    }
  }
}

/** The pod that has the name, where a call made it whose answer was lost; another one is removed. */
async function taken(cluster: Cluster, { metadata }: V1Pod, mayBeOurs: boolean): Promise<V1Pod | undefined> {
  const name = metadata?.name ?? '';
  const there = mayBeOurs ? await cluster.pod(name) : undefined;
  const isOurs = there?.metadata?.labels?.[RUN_LABEL] === metadata?.labels?.[RUN_LABEL];
  if (isOurs && there?.metadata?.deletionTimestamp === undefined) return there;
  await removePod(cluster, name, { keepSecret: true });
  return undefined;
}

class QuotaWait {
  readonly #pod: V1Pod;
  readonly #parts: CreationParts;
  readonly #begun = performance.now();
  #isSaid = false;

  constructor(pod: V1Pod, parts: CreationParts) {
    this.#pod = pod;
    this.#parts = parts;
  }

  /** @throws AgentError NO_PLACE after the limit */
  async pause(words: string): Promise<void> {
    const { scheduleMs, reporter, pending, signal } = this.#parts;
    if (performance.now() - this.#begun > scheduleMs)
      throw new AgentError('NO_PLACE', `the quota of the namespace leaves no room: ${words}`, {
        infrastructure: true,
      });
    if (!this.#isSaid) reporter.line(`pod ${this.#pod.metadata?.name} waits: ${words}`, 'WARNING');
    this.#isSaid = true;
    pending?.(words);
    await sleep(QUOTA_AGAIN_MS, undefined, { signal });
  }
}
