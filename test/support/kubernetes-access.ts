import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CoreV1Api, KubeConfig, RbacAuthorizationV1Api, SchedulingV1Api } from '@kubernetes/client-node';
import { askCluster, type ClusterRequest } from '../../src/drivers/kubernetes/cluster-request.js';
import { kubeconfig, NODE, PYTHON_IMAGE } from './kubernetes-rig-files.js';
import { until } from './until.js';

/** A cluster as tests see it from one namespace. */
export interface KubernetesRig {
  folder: string;
  /** What finds the cluster and the namespace: KUBECONFIG. */
  env: { KUBECONFIG: string };
  api: CoreV1Api;
  /** A call of the API as its administrator. */
  ask(request: ClusterRequest): Promise<unknown>;
  /** An image with a shell, tar and Python. */
  image: string;
  /** The one of these tests. */
  namespace: string;
  /** Names of the pods in a namespace. */
  pods(namespace?: string): Promise<string[]>;
  /** A kubeconfig of a service account without any rights but those of a role. */
  account(name: string, rules: readonly Rule[]): Promise<string>;
  /** A kubeconfig of a service account that is there already. */
  login(name: string): Promise<string>;
  /** Makes a namespace, unless it is there. */
  makeNamespace(name: string): Promise<void>;
  /** Makes a priority class. */
  classes(name: string, value: number): Promise<void>;
  /** What keeps pods with its selector from the node, and no others. */
  gate(): NodeGate;
}

export interface NodeGate {
  /** Of a pod's spec. */
  nodeSelector: Record<string, string>;
  open(): Promise<void>;
}

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** The cluster whose files are in a folder, seen from a namespace, which is made where it is missing. */
export async function clusterIn(folder: string, namespace: string): Promise<KubernetesRig> {
  const admin = new KubeConfig();
  admin.loadFromFile(path.join(folder, 'kubeconfig'));
  const rig = rigOf(folder, namespace, admin);
  await rig.makeNamespace(namespace);
  return rig;
}

/** @param admin credentials of the administrator */
function rigOf(folder: string, namespace: string, admin: KubeConfig): KubernetesRig {
  const api = admin.makeApiClient(CoreV1Api);
  const server = admin.getCurrentCluster()?.server ?? '';
  const kubeconfigWith = (token: string) => {
    const file = path.join(folder, `kubeconfig-${namespace}-${randomBytes(3).toString('hex')}`);
    writeFileSync(file, kubeconfig(server, token, namespace));
    return file;
  };
  const ask = (request: ClusterRequest) => askCluster(admin, request);
  const login = async (name: string) => {
    const body = { spec: { audiences: [], expirationSeconds: 3600 } };
    const { status } = await api.createNamespacedServiceAccountToken({ namespace, name, body });
    return kubeconfigWith(status?.token ?? '');
  };
  return {
    folder,
    env: { KUBECONFIG: kubeconfigWith(admin.getCurrentUser()?.token ?? '') },
    api,
    ask,
    image: PYTHON_IMAGE,
    namespace,
    pods: async (of = namespace) =>
      (await api.listNamespacedPod({ namespace: of })).items.map(({ metadata }) => metadata?.name ?? ''),
    account: async (name, rules) => {
      await makeAccount(admin, { namespace, name, rules });
      return login(name);
    },
    login,
    makeNamespace: (name) => makeNamespace(api, name),
    classes: async (name, value) => {
      const body = { metadata: { name }, value };
      await admin.makeApiClient(SchedulingV1Api).createPriorityClass({ body });
    },
    gate: () => {
      const label = `gate-${randomBytes(4).toString('hex')}`;
      const labels = { [label]: 'open' };
      const request = {
        method: 'PATCH',
        path: `/api/v1/nodes/${NODE}`,
        body: { metadata: { labels } },
      } as const;
      const open = () => ask({ ...request, contentType: 'application/merge-patch+json' });
      return { nodeSelector: labels, open: async () => void (await open()) };
    },
  };
}

async function makeNamespace(api: CoreV1Api, name: string): Promise<void> {
  const account = () =>
    succeeds(() => api.readNamespacedServiceAccount({ namespace: name, name: 'default' }));
  if (await account()) return;
  await api.createNamespace({ body: { metadata: { name } } }).catch((error: unknown) => {
    if (Object(error).code !== 409) throw error;
  });
  await until(account, { what: `the account of the namespace ${name}` });
}

interface Account {
  namespace: string;
  name: string;
  rules: readonly Rule[];
}

async function makeAccount(admin: KubeConfig, { namespace, name, rules }: Account): Promise<void> {
  const api = admin.makeApiClient(CoreV1Api);
  const rights = admin.makeApiClient(RbacAuthorizationV1Api);
  const metadata = { name, namespace };
  await api.createNamespacedServiceAccount({ namespace, body: { metadata } });
  await rights.createNamespacedRole({ namespace, body: { metadata, rules: [...rules] } });
  await rights.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  });
}

/** @param but HTTP status of an error that is as good */
export async function succeeds(act: () => Promise<unknown>, but?: number): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    return but !== undefined && Object(error).code === but;
  }
}
