import { AgentError } from '../../errors.js';
import type { Cluster, Right } from './cluster.js';
import type { ClusterAccess } from './cluster-access.js';
import { isNamespace, type KubernetesSettings } from './kubernetes-settings.js';

/** As deploy/kubernetes/rbac.yaml has them. A command through a WebSocket is a `get`; newer servers ask for both. */
export const NEEDED: readonly Right[] = [
  ...['create', 'get', 'list', 'watch', 'patch', 'delete'].map((verb) => ({ verb, resource: 'pods' })),
  ...['create', 'get'].map((verb) => ({ verb, resource: 'pods', subresource: 'exec' })),
  ...['create', 'patch', 'delete'].map((verb) => ({ verb, resource: 'secrets' })),
];

/** What the agent may not do in the namespace: `create pods/exec`. */
export async function missingRights(cluster: Cluster): Promise<string[]> {
  const answers = await Promise.all(NEEDED.map((right) => cluster.may(right)));
  return NEEDED.filter((_, at) => answers[at] !== true).map(
    ({ verb, resource, subresource }) => `${verb} ${resource}${subresource ? `/${subresource}` : ''}`,
  );
}

/** @throws AgentError KUBERNETES_ACCESS for a namespace that is not there or a right that is missing; KUBERNETES */
export async function checkAccess(cluster: Cluster): Promise<void> {
  const { namespace, access } = cluster;
  if ((await cluster.isThere()) === false)
    throw new AgentError('KUBERNETES_ACCESS', `namespace ${namespace} does not exist in ${access.server}`, {
      hint: 'Name another with --namespace, or make it with "kubectl create namespace".',
    });
  const missing = await missingRights(cluster);
  if (missing.length === 0) return;
  throw new AgentError(
    'KUBERNETES_ACCESS',
    `the user of context ${access.context} may not ${missing.join(', ')} in namespace ${namespace}`,
    { hint: 'deploy/kubernetes/rbac.yaml has the role that the agent needs.' },
  );
}

const DEFAULT_NAMESPACE = 'clearml';

/**
 * The flag, the key, the namespace of the context or the agent's own pod, else that of the original.
 *
 * @throws AgentError CONFIG_VALUE
 */
export function namespaceOf(
  flag: string | undefined,
  settings: Pick<KubernetesSettings, 'namespace'>,
  access: Pick<ClusterAccess, 'namespace'>,
): string {
  const name = flag ?? settings.namespace ?? access.namespace ?? DEFAULT_NAMESPACE;
  if (isNamespace(name)) return name;
  throw new AgentError(
    'CONFIG_VALUE',
    `agent.kubernetes.namespace takes the name of a namespace, got "${name}"`,
  );
}
