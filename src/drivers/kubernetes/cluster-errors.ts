import { AgentError, causeLine } from '../../errors.js';

/** An answer of the API server that is no success. */
export class StatusError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** `reason` of the Status object: `NotFound`, `Forbidden`, `AlreadyExists`. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof StatusError && statuses.includes(error.status);
}

/** A quota of the namespace is used up: the pod may be accepted later. */
export function isQuotaRefusal(error: unknown): error is StatusError {
  return hasStatus(error, 403) && /exceeded quota/.test(causeLine(error));
}

const RIGHTS =
  'deploy/kubernetes/rbac.yaml has the role that the agent needs; "agent doctor" names what is missing.';

/**
 * @param doing completes "while …"
 * @param server address of the API server
 * @returns KUBERNETES for a server that is away, KUBERNETES_ACCESS for one that refuses the agent, KUBERNETES_POD otherwise
 */
export function clusterError(doing: string, error: unknown, server: string): AgentError {
  if (error instanceof AgentError) return error;
  const cause = { cause: error };
  const words = causeLine(error);
  if (!(error instanceof StatusError) || error.status >= 500 || error.status === 429)
    return new AgentError(
      'KUBERNETES',
      `the Kubernetes API server ${server} gives no answer to ${doing}: ${words}`,
      {
        ...cause,
        infrastructure: true,
        hint: 'Check the address in the kubeconfig and the network.',
      },
    );
  if (error.status === 401)
    return new AgentError(
      'KUBERNETES_ACCESS',
      `the Kubernetes API server ${server} refuses the credentials`,
      {
        ...cause,
        hint: 'Check the user of the context in the kubeconfig, or the service account of the pod.',
      },
    );
  if (error.status === 404 && /^namespaces? /.test(words))
    return new AgentError('KUBERNETES_ACCESS', `${doing}: ${words}`, {
      ...cause,
      hint: 'Name another with --namespace, or make it with "kubectl create namespace".',
    });
  if (error.status === 403 && /cannot \w+ resource/.test(words))
    return new AgentError('KUBERNETES_ACCESS', `${doing}: ${words}`, { ...cause, hint: RIGHTS });
  return new AgentError('KUBERNETES_POD', `${doing}: ${words}`, cause);
}
