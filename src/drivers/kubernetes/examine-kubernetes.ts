import type { Config } from '../../config/config.js';
import { causeLine, isAgentError } from '../../errors.js';
import { homeFolder } from '../../os/home.js';
import type { DriverFinding } from '../module.js';
import { Cluster } from './cluster.js';
import { clusterAccess } from './cluster-access.js';
import { kubernetesSettings, namespacesOf } from './kubernetes-settings.js';
import { missingRights, namespaceOf } from './rights.js';

/** Looks at the cluster where keys of it are set. */
export async function examineKubernetes(config: Config): Promise<DriverFinding[]> {
  if (config.raw('agent.kubernetes') === undefined) return [];
  try {
    const { folder: home } = homeFolder(config.env);
    const settings = kubernetesSettings(config, home);
    const access = clusterAccess({ env: config.env, home, context: settings.context });
    const cluster = new Cluster(access, namespaceOf(undefined, settings, access));
    const version = await cluster.version();
    const found: DriverFinding = {
      state: 'ok',
      text: `Kubernetes ${version} at ${access.server}, context ${access.context}, namespace ${cluster.namespace}`,
    };
    const names = namespacesOf(settings, cluster.namespace);
    return [found, ...(await Promise.all(names.map((name) => examineNamespace(cluster.in(name)))))];
  } catch (error) {
    const hint = isAgentError(error) ? error.hint : undefined;
    return [{ state: 'problem', text: causeLine(error), ...(hint === undefined ? {} : { fix: hint }) }];
  }
}

async function examineNamespace(cluster: Cluster): Promise<DriverFinding> {
  if ((await cluster.isThere()) === false)
    return {
      state: 'problem',
      text: `namespace ${cluster.namespace} does not exist`,
      fix: `Run "kubectl create namespace ${cluster.namespace}".`,
    };
  const missing = await missingRights(cluster);
  if (missing.length === 0)
    return { state: 'ok', text: `the agent has the rights that it needs in namespace ${cluster.namespace}` };
  return {
    state: 'problem',
    text: `the agent may not ${missing.join(', ')} in namespace ${cluster.namespace}`,
    fix: 'Apply deploy/kubernetes/rbac.yaml.',
  };
}
