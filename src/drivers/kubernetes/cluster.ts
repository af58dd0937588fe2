import type { CoreV1Event, V1Pod, V1Secret } from '@kubernetes/client-node';
import type { ClusterAccess } from './cluster-access.js';
import { clusterError, hasStatus } from './cluster-errors.js';
import { answerOf, askCluster, type ClusterRequest } from './cluster-request.js';

/** Pods with the version of the list, from which a watch continues. */
export interface PodList {
  pods: V1Pod[];
  resourceVersion: string;
}

export interface WatchEvent {
  type: string;
  object: unknown;
}

/** Verb and resource that the agent needs: `get pods/exec`. */
export interface Right {
  verb: string;
  resource: string;
  subresource?: string;
}

const MERGE = 'application/merge-patch+json';
/** The API server ends a watch by itself after this many seconds. */
const WATCH_S = 300;

/** The calls of the Kubernetes API that the driver makes, in one namespace. */
export class Cluster {
  readonly access: ClusterAccess;
  readonly namespace: string;

  constructor(access: ClusterAccess, namespace: string) {
    this.access = access;
    this.namespace = namespace;
  }

  /** The same cluster for pods in another namespace. */
  in(namespace: string): Cluster {
    return namespace === this.namespace ? this : new Cluster(this.access, namespace);
  }

  /** @throws StatusError, since a caller tells a name that exists and a quota from other refusals */
  async createPod(pod: V1Pod, signal: AbortSignal): Promise<V1Pod> {
    const path = this.#path('pods');
    return (await askCluster(this.access.kubeConfig, { method: 'POST', path, body: pod, signal })) as V1Pod;
  }

  /** `undefined` for a pod that is gone. */
  async pod(name: string): Promise<V1Pod | undefined> {
    const found = await this.#find(`reading pod ${name}`, { method: 'GET', path: this.#path('pods', name) });
    return found as V1Pod | undefined;
  }

  /** @param selector as of `kubectl -l` */
  async pods(selector: string): Promise<PodList> {
    const path = `${this.#path('pods')}?labelSelector=${encodeURIComponent(selector)}`;
    const { items = [], metadata = {} } = (await this.#ask('listing pods', { method: 'GET', path })) as {
      items?: V1Pod[];
      metadata?: { resourceVersion?: string };
    };
    return { pods: items, resourceVersion: metadata.resourceVersion ?? '' };
  }

  /** Ends when the server ends it, or with an error. */
  async *watchPods(
    selector: string,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const query = new URLSearchParams({
      watch: 'true',
      labelSelector: selector,
      resourceVersion,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(WATCH_S),
    });
    const path = `${this.#path('pods')}?${query}`;
    const answer = await answerOf(this.access.kubeConfig, { method: 'GET', path, signal });
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of answer) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent;
    }
  }

  /** Changes what the patch names; nothing happens for a pod that is gone. */
  async patchPod(name: string, patch: unknown): Promise<V1Pod | undefined> {
    const request = {
      method: 'PATCH',
      path: this.#path('pods', name),
      body: patch,
      contentType: MERGE,
    } as const;
    return (await this.#find(`changing pod ${name}`, request)) as V1Pod | undefined;
  }

  /** Asks for the end of a pod; the kubelet sends TERM, and KILL after the grace. */
  async deletePod(name: string, graceSeconds: number): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: graceSeconds };
    await this.#find(`deleting pod ${name}`, { method: 'DELETE', path: this.#path('pods', name), body });
  }

  async createSecret(secret: V1Secret): Promise<void> {
    try {
      await this.#ask('making a secret', { method: 'POST', path: this.#path('secrets'), body: secret });
    } catch (error) {
      if (!hasStatus(causeOf(error), 409)) throw error;
      const path = this.#path('secrets', secret.metadata?.name);
      await this.#ask('changing a secret', { method: 'PATCH', path, body: secret, contentType: MERGE });
    }
  }

  /** The secret goes with its pod from then on. */
  async ownSecret(name: string, { metadata }: V1Pod): Promise<void> {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: metadata?.name, uid: metadata?.uid };
    const body = { metadata: { ownerReferences: [owner] } };
    const path = this.#path('secrets', name);
    await this.#find('changing a secret', { method: 'PATCH', path, body, contentType: MERGE });
  }

  async deleteSecret(name: string): Promise<void> {
    await this.#find('deleting a secret', { method: 'DELETE', path: this.#path('secrets', name) });
  }

  /** The newest message of each reason that events have about a pod; nothing without the right to read them. */
  async events(pod: string): Promise<string[]> {
    const selector = encodeURIComponent(`involvedObject.name=${pod},type=Warning`);
    const path = `${this.#path('events')}?fieldSelector=${selector}`;
    const answer = await this.#ask('reading events', { method: 'GET', path }).catch(() => ({}));
    const { items = [] } = answer as { items?: Pick<CoreV1Event, 'reason' | 'message' | 'lastTimestamp'>[] };
    const seen = ({ lastTimestamp }: (typeof items)[number]) => String(lastTimestamp ?? '');
    const inOrder = items.toSorted((a, b) => seen(a).localeCompare(seen(b)));
    return [
      ...new Map(
        inOrder.map(({ reason = '', message = '' }) => [
          reason,
          `${reason}: ${message.trim().split('\n', 1)[0]}`,
        ]),
      ).values(),
    ];
  }

  /** Whether the namespace is there; a list of its pods does not tell. `undefined` without the right to ask. */
  async isThere(): Promise<boolean | undefined> {
    const request = { method: 'GET', path: `/api/v1/namespaces/${this.namespace}` } as const;
    try {
      return (await this.#find('reading the namespace', request)) !== undefined;
    } catch (error) {
      if (hasStatus(causeOf(error), 403)) return undefined;
      throw error;
    }
  }

  async version(): Promise<string> {
    const { major, minor } = (await this.#ask('asking its version', { method: 'GET', path: '/version' })) as {
      major?: string;
      minor?: string;
    };
    return `${major}.${minor}`;
  }

  /** Whether the API server lets this agent do something in the namespace. */
  async may({ verb, resource, subresource }: Right): Promise<boolean> {
    const { namespace } = this;
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace, verb, resource, ...(subresource ? { subresource } : {}) } },
    };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const { status } = (await this.#ask('asking for its rights', { method: 'POST', path, body })) as {
      status?: { allowed?: boolean };
    };
    return status?.allowed === true;
  }

  /** Path of a WebSocket for a command in a container. */
  execPath(pod: string, query: URLSearchParams): string {
    return `${this.#path('pods', pod)}/exec?${query}`;
  }

  async #ask(doing: string, request: ClusterRequest): Promise<unknown> {
    try {
      return await askCluster(this.access.kubeConfig, request);
    } catch (error) {
      throw clusterError(doing, error, this.access.server);
    }
  }

  async #find(doing: string, request: ClusterRequest): Promise<unknown> {
    try {
      return await askCluster(this.access.kubeConfig, request);
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw clusterError(doing, error, this.access.server);
    }
  }

  #path(kind: string, name?: string): string {
    const base = `/api/v1/namespaces/${this.namespace}/${kind}`;
    return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
