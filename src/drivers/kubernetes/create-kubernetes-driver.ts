import { statedResources } from '../../container/resources/stated-resources.js';
import type { ContainerMachine, ContainerSetup } from '../container/container-facts.js';
import { cacheGroupOf, planRequest, preparePlanned } from '../container/plan-request.js';
import type { PlaceRequest } from '../driver.js';
import { Cluster } from './cluster.js';
import { clusterAccess } from './cluster-access.js';
import { KubernetesDriver, type PodTaskPlan } from './kubernetes-driver.js';
import { podFolder } from './kubernetes-ref.js';
import { kubernetesSettings, namespacesOf } from './kubernetes-settings.js';
import { checkAccess, namespaceOf } from './rights.js';

/** A cluster decides what a node is like; the machine of the agent has no say. */
const CLUSTER_MACHINE: ContainerMachine = {
  podman: false,
  socket: '',
  hasGpus: false,
  address: undefined,
  mounts: [],
};

/**
 * Opens the driver once the API server answers and lets this agent do what it needs.
 *
 * @throws AgentError CONFIG_VALUE, KUBERNETES, KUBERNETES_ACCESS
 */
export async function createKubernetesDriver(
  setup: ContainerSetup,
  namespace: string | undefined,
): Promise<KubernetesDriver> {
  const { config, home, signal } = setup;
  const settings = kubernetesSettings(config, home);
  const access = clusterAccess({ env: config.env, home, context: settings.context });
  const cluster = new Cluster(access, namespaceOf(namespace, settings, access));
  for (const name of namespacesOf(settings, cluster.namespace)) await checkAccess(cluster.in(name));
  return new KubernetesDriver({
    cluster,
    settings,
    environment: config.env,
    signal,
    queueName: (id) => setup.queueName(id),
    plan: (request) => planFor(setup, request),
  });
}

async function planFor(setup: ContainerSetup, request: PlaceRequest): Promise<PodTaskPlan> {
  const ready = await planRequest(setup, CLUSTER_MACHINE, request, podFolder(request.runFolder));
  await preparePlanned(setup, ready);
  const { config, record } = ready.task;
  const resources = statedResources(record, new Set(config.agent.taskResources));
  return { container: ready.planned, resources, ...cacheGroupOf(ready.task) };
}
