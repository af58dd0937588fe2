import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { ExecutionContext } from 'ava';
import { askCluster, type ClusterRequest } from '../../src/drivers/kubernetes/cluster-request.js';
import { freePorts } from './free-ports.js';
import { pythonLayer } from './kubernetes-image.js';
import { clearRig, rigPrefix, sweepRigs } from './kubernetes-leftovers.js';
import { endProcess, kubernetesNode, type RigNode } from './kubernetes-node.js';
import { kubeconfig, writeKeys } from './kubernetes-rig-files.js';
import { CLUSTER_PROGRAM, PAUSE_PROGRAM } from './kubernetes-tools.js';
import { until } from './until.js';

/** A Kubernetes on this machine: control plane, and a node with kubelet and containerd. */
export interface KubernetesRig {
  folder: string;
  /** What finds the cluster: KUBECONFIG. */
  env: Record<string, string>;
  api: CoreV1Api;
  /** A call of the API as its administrator. */
  ask(request: ClusterRequest): Promise<unknown>;
  /** An image with a shell, tar and Python. */
  image: string;
  /** Adds a node, whose name is an address of this machine; it ends with the cluster. */
  addNode(): Promise<RigNode>;
  /** `kill -9`, or a start. */
  part(name: Part, order: 'kill' | 'start'): Promise<void>;
  /** Names of the pods in a namespace. */
  pods(namespace?: string): Promise<string[]>;
  /** A kubeconfig of a service account without any rights but those of a role. */
  account(name: string, rules: readonly Rule[]): Promise<string>;
  /** A kubeconfig of a service account that is there already. */
  login(name: string): Promise<string>;
  /** Makes a namespace, unless it is there. */
  namespace(name: string): Promise<void>;
  /** Makes a priority class. */
  classes(name: string, value: number): Promise<void>;
}

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

export type Part = 'etcd' | 'apiserver' | 'controllers' | 'scheduler';

const NEEDED = [
  CLUSTER_PROGRAM,
  PAUSE_PROGRAM,
  '/usr/bin/containerd',
  '/usr/sbin/runc',
  '/usr/lib/cni/loopback',
];

/** Whether this machine has what the rig starts, and the rights for it. */
export function hasKubernetes(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    for (const file of NEEDED) accessSync(file);
    return true;
  } catch {
    return false;
  }
}

const IMAGE = 'test.local/python:1';
const TOKEN = 'rig-admin';

/**
 * Starts a cluster; it ends with the test.
 *
 * @param options `hasNode`: whether it has a node that runs pods
 */
export async function kubernetesRig(
  t: Pick<ExecutionContext, 'teardown'>,
  { hasNode = true }: { hasNode?: boolean } = {},
): Promise<KubernetesRig> {
  sweepRigs();
  const folder = mkdtempSync(rigPrefix());
  const file = (name: string) => path.join(folder, name);
  const children = new Map<string, ChildProcess>();
  const [etcd = 0, peer = 0, apiserver = 0, controllers = 0, scheduler = 0, ...rest] = await freePorts(7);
  const server = `https://127.0.0.1:${apiserver}`;
  const config = file('kubeconfig');
  writeKeys(folder);
  writeFileSync(config, kubeconfig(server, TOKEN));
  writeFileSync(file('tokens'), `${TOKEN},admin,1,"system:masters"\n`);
  const credentials = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
    (name) => `--${name}=${config}`,
  );
  const commands: Record<Part, string[]> = {
    etcd: [
      CLUSTER_PROGRAM,
      'etcd',
      `--data-dir=${file('etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${etcd}`,
      `--advertise-client-urls=http://127.0.0.1:${etcd}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
      '--unsafe-no-fsync',
    ],
    apiserver: [
      CLUSTER_PROGRAM,
      'apiserver',
      `--etcd-servers=http://127.0.0.1:${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${apiserver}`,
      `--cert-dir=${file('certs')}`,
      `--token-auth-file=${file('tokens')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${file('accounts.pub')}`,
      `--service-account-signing-key-file=${file('accounts.key')}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--endpoint-reconciler-type=none',
      '--kubelet-preferred-address-types=Hostname',
      '--allow-privileged=true',
    ],
    controllers: [
      CLUSTER_PROGRAM,
      'controllers',
      ...credentials,
      '--bind-address=127.0.0.1',
      `--secure-port=${controllers}`,
      '--leader-elect=false',
      `--service-account-private-key-file=${file('accounts.key')}`,
      `--root-ca-file=${file('certs/apiserver.crt')}`,
      '--use-service-account-credentials=false',
    ],
    scheduler: [
      CLUSTER_PROGRAM,
      'scheduler',
      ...credentials,
      '--bind-address=127.0.0.1',
      `--secure-port=${scheduler}`,
      '--leader-elect=false',
    ],
  };
  const client = new KubeConfig();
  client.loadFromFile(config);
  const api = client.makeApiClient(CoreV1Api);
  const ready: Partial<Record<Part, () => Promise<boolean>>> = {
    apiserver: () =>
      succeeds(() => api.readNamespacedServiceAccount({ namespace: 'default', name: 'none' }), 404),
  };
  const part = async (name: Part, order: 'kill' | 'start') => {
    if (order === 'kill') return endProcess(children.get(name));
    const [program = '', ...words] = commands[name];
    const log = openSync(file(`${name}.log`), 'a');
    children.set(name, spawn(program, words, { stdio: ['ignore', log, log] }));
    const isReady = ready[name];
    if (isReady === undefined) return;
    const context = () => readFileSync(file(`${name}.log`), 'utf8').slice(-3000);
    await until(isReady, { what: name, timeoutMs: 120_000, context });
  };
  const nodes: RigNode[] = [];
  t.teardown(async () => {
    for (const node of nodes) await node.kill();
    for (const name of ['scheduler', 'controllers', 'apiserver', 'etcd'])
      await endProcess(children.get(name));
    clearRig(folder);
  });
  let layer: Promise<Uint8Array> | undefined;
  const cluster = part('etcd', 'start').then(() => part('apiserver', 'start'));
  const addNode = async (name: string, address: string, ports: readonly number[]) => {
    layer ??= pythonLayer(folder);
    const images = [{ name: IMAGE, layer: await layer, config: PYTHON }];
    const own = { folder: file(`node-${address}`), name, address, ports };
    const node = await kubernetesNode({ ...own, kubeconfig: config, api, images, cluster });
    nodes.push(node);
    return node;
  };
  await Promise.all([
    hasNode ? addNode('localhost', '127.0.0.1', rest) : cluster,
    cluster.then(() => Promise.all([part('controllers', 'start'), part('scheduler', 'start')])),
  ]);
  await until(
    () => succeeds(() => api.readNamespacedServiceAccount({ namespace: 'default', name: 'default' })),
    { what: 'the service account of pods' },
  );
  return {
    folder,
    env: { KUBECONFIG: config },
    api,
    ask: (request) => askCluster(client, request),
    image: IMAGE,
    addNode: async () => {
      const address = `127.0.0.${nodes.length + 1}`;
      return addNode(address, address, await freePorts(2));
    },
    part,
    pods: async (namespace = 'default') =>
      (await api.listNamespacedPod({ namespace })).items.map(({ metadata }) => metadata?.name ?? ''),
    namespace: async (name) => {
      const account = () =>
        succeeds(() => api.readNamespacedServiceAccount({ namespace: name, name: 'default' }));
      if (await account()) return;
      await api.createNamespace({ body: { metadata: { name } } });
      await until(account, { what: `the account of the namespace ${name}` });
    },
    classes: async (name, value) => {
      const { SchedulingV1Api } = await import('@kubernetes/client-node');
      await client
        .makeApiClient(SchedulingV1Api)
        .createPriorityClass({ body: { metadata: { name }, value } });
    },
    account: async (name, rules) => {
      await makeAccount(client, name, rules);
      return login({ api, folder, server }, name);
    },
    login: (name) => login({ api, folder, server }, name),
  };
}

const PYTHON = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  WorkingDir: '/',
};

async function makeAccount(client: KubeConfig, name: string, rules: readonly Rule[]): Promise<void> {
  const { RbacAuthorizationV1Api } = await import('@kubernetes/client-node');
  const api = client.makeApiClient(CoreV1Api);
  const rights = client.makeApiClient(RbacAuthorizationV1Api);
  const namespace = 'default';
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

interface LoginParts {
  api: CoreV1Api;
  folder: string;
  server: string;
}

async function login({ api, folder, server }: LoginParts, name: string): Promise<string> {
  const namespace = 'default';
  const { status } = await api.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: 3600 } },
  });
  const file = path.join(folder, `kubeconfig-${name}-${randomBytes(3).toString('hex')}`);
  writeFileSync(file, kubeconfig(server, status?.token ?? ''));
  return file;
}

/** @param but HTTP status of an error that is as good */
async function succeeds(act: () => Promise<unknown>, but?: number): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    return but !== undefined && Object(error).code === but;
  }
}
