import { accessSync } from 'node:fs';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { AgentError } from '../../errors.js';
import { readProblem } from '../../os/files.js';
import { KeptKubeConfig } from './kept-connections.js';

/** How the API server is found and what proves who asks. */
export interface ClusterAccess {
  kubeConfig: KubeConfig;
  /** Address of the API server. */
  server: string;
  /** Name of the context. */
  context: string;
  /** That of the context or the service account. */
  namespace: string | undefined;
}

export interface AccessOptions {
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  /** Of the kubeconfig; its current one where absent. */
  context: string | undefined;
}

const ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Reads the files of `KUBECONFIG`, else `~/.kube/config`, else the service account of the agent's own pod.
 *
 * @throws AgentError KUBERNETES_ACCESS
 */
export function clusterAccess({ env, home, context }: AccessOptions): ClusterAccess {
  const kubeConfig = new KeptKubeConfig();
  const files = kubeconfigFiles(env, home);
  if (files.length > 0) for (const file of files) load(kubeConfig, file);
  else if (isThere(ACCOUNT_TOKEN)) kubeConfig.loadFromCluster();
  else
    throw new AgentError('KUBERNETES_ACCESS', 'there is no kubeconfig, and the agent runs in no pod', {
      hint: 'Set KUBECONFIG, or put the kubeconfig of the cluster at ~/.kube/config.',
    });
  if (context !== undefined) kubeConfig.setCurrentContext(context);
  const chosen = kubeConfig.getContextObject(kubeConfig.getCurrentContext());
  const cluster = kubeConfig.getCurrentCluster();
  if (!chosen || !cluster) throw unknownContext(kubeConfig, files);
  const { namespace } = chosen;
  return { kubeConfig, server: cluster.server, context: chosen.name, namespace: namespace || undefined };
}

function kubeconfigFiles(env: AccessOptions['env'], home: string): string[] {
  const named = env.KUBECONFIG?.split(path.delimiter).filter((file) => file !== '') ?? [];
  // kubectl ignores files of the list that are missing.
  if (named.length > 1) return named.filter(isThere);
  if (named.length === 1) return named;
  const usual = path.join(home, '.kube', 'config');
  return isThere(usual) ? [usual] : [];
}

function load(kubeConfig: KubeConfig, file: string): void {
  try {
    const one = new KubeConfig();
    one.loadFromFile(file);
    const first = kubeConfig.getCurrentContext();
    kubeConfig.mergeConfig(one, first !== undefined && first !== '');
  } catch (cause) {
    throw new AgentError('KUBERNETES_ACCESS', `cannot read the kubeconfig ${file}: ${readProblem(cause)}`, {
      hint: 'Check KUBECONFIG, else ~/.kube/config.',
      cause,
    });
  }
}

function unknownContext(kubeConfig: KubeConfig, files: readonly string[]): AgentError {
  const names = kubeConfig.getContexts().map(({ name }) => name);
  const wanted = kubeConfig.getCurrentContext();
  const where = files.join(', ');
  const message = wanted
    ? `the kubeconfig ${where} has no usable context "${wanted}"; it has ${names.join(', ') || 'none'}`
    : `the kubeconfig ${where} has no current context`;
  return new AgentError('KUBERNETES_ACCESS', message, {
    hint: 'Name one of them by agent.kubernetes.context, or run "kubectl config use-context".',
  });
}

function isThere(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}
