import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { askCluster, type ClusterRequest } from '../../src/drivers/kubernetes/cluster-request.js';
import { freePorts } from './free-ports.js';
import { archiveOf, loadImage, pythonLayer } from './kubernetes-image.js';
import { clearRig, rigPrefix, sweepRigs } from './kubernetes-leftovers.js';
import { kubeconfig, kubeletConfig, PAUSE, writeContainerd, writeKeys } from './kubernetes-rig-files.js';
import { CLUSTER_PROGRAM, PAUSE_PROGRAM } from './kubernetes-tools.js';
import { until } from './until.js';

/** A Kubernetes of one node on this machine: control plane, kubelet and containerd. */
export interface KubernetesRig {
  folder: string;
  /** What finds the cluster: KUBECONFIG. */
  env: Record<string, string>;
  api: CoreV1Api;
  /** A call of the API as its administrator. */
  ask(request: ClusterRequest): Promise<unknown>;
  /** An image with a shell, tar and Python. */
  image: string;
  /** `kill -9`, or a start. */
  part(name: Part, order: 'kill' | 'start'): Promise<void>;
  /** Names of the pods in a namespace. */
  pods(namespace?: string): Promise<string[]>;
  /** A kubeconfig of a service account without any rights but those of a role. */
  account(name: string, rules: readonly Rule[]): Promise<string>;
  /** Makes a priority class. */
  classes(name: string, value: number): Promise<void>;
}

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

export type Part = 'etcd' | 'apiserver' | 'controllers' | 'scheduler' | 'kubelet' | 'containerd';

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

/** Starts a cluster; it ends with the test. */
export async function kubernetesRig(t: Pick<ExecutionContext, 'teardown'>): Promise<KubernetesRig> {
  sweepRigs();
  const folder = mkdtempSync(rigPrefix());
  const file = (name: string) => path.join(folder, name);
  const children = new Map<string, ChildProcess>();
  const [etcd = 0, peer = 0, apiserver = 0, controllers = 0, scheduler = 0, kubelet = 0, health = 0] =
    await freePorts(7);
  const server = `https://127.0.0.1:${apiserver}`;
  const socket = file('containerd.sock');
  const config = file('kubeconfig');
  writeKeys(folder);
  writeFileSync(config, kubeconfig(server, TOKEN));
  writeFileSync(file('tokens'), `${TOKEN},admin,1,"system:masters"\n`);
  writeContainerd(folder, socket);
  writeFileSync(file('kubelet.yaml'), kubeletConfig(folder, socket, kubelet, health));
  const credentials = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
    (name) => `--${name}=${config}`,
  );
  const commands: Record<Part, string[]> = {
    containerd: ['containerd', '--config', file('containerd.toml')],
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
    kubelet: [
      CLUSTER_PROGRAM,
      'kubelet',
      `--config=${file('kubelet.yaml')}`,
      `--kubeconfig=${config}`,
      `--root-dir=${file('kubelet')}`,
      `--cert-dir=${file('kubelet-certs')}`,
      '--hostname-override=localhost',
    ],
  };
  const client = new KubeConfig();
  client.loadFromFile(config);
  const api = client.makeApiClient(CoreV1Api);
  const ready: Partial<Record<Part, () => Promise<boolean>>> = {
    containerd: () => succeeds(() => execa('ctr', ['-a', socket, 'version'])),
    apiserver: () =>
      succeeds(() => api.readNamespacedServiceAccount({ namespace: 'default', name: 'none' }), 404),
    kubelet: () =>
      succeeds(async () => {
        const { status } = await api.readNode({ name: 'localhost' });
        const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
        if (isReady !== true) throw new Error('not ready');
      }),
  };
  const part = async (name: Part, order: 'kill' | 'start') => {
    if (order === 'kill') return kill(children.get(name));
    const [program = '', ...words] = commands[name];
    const log = openSync(file(`${name}.log`), 'a');
    children.set(name, spawn(program, words, { stdio: ['ignore', log, log] }));
    const isReady = ready[name];
    if (isReady === undefined) return;
    const context = () => readFileSync(file(`${name}.log`), 'utf8').slice(-3000);
    await until(isReady, { what: name, timeoutMs: 120_000, context });
  };
  t.teardown(async () => {
    for (const name of ['kubelet', 'scheduler', 'controllers', 'apiserver', 'etcd', 'containerd'])
      await kill(children.get(name));
    clearRig(folder);
  });
  await Promise.all([
    part('etcd', 'start').then(() => part('apiserver', 'start')),
    part('containerd', 'start').then(async () => {
      const pause = await archiveOf({ pause: readFileSync(PAUSE_PROGRAM) });
      await loadImage(folder, socket, { name: PAUSE, layer: pause, config: { Entrypoint: ['/pause'] } });
      await loadImage(folder, socket, { name: IMAGE, layer: await pythonLayer(folder), config: PYTHON });
    }),
  ]);
  await Promise.all([part('controllers', 'start'), part('scheduler', 'start'), part('kubelet', 'start')]);
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
    part,
    pods: async (namespace = 'default') =>
      (await api.listNamespacedPod({ namespace })).items.map(({ metadata }) => metadata?.name ?? ''),
    classes: async (name, value) => {
      const { SchedulingV1Api } = await import('@kubernetes/client-node');
      await client
        .makeApiClient(SchedulingV1Api)
        .createPriorityClass({ body: { metadata: { name }, value } });
    },
    account: (name, rules) => account({ client, folder, server }, name, rules),
  };
}

const PYTHON = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  WorkingDir: '/',
};

interface AccountParts {
  client: KubeConfig;
  folder: string;
  server: string;
}

async function account(
  { client, folder, server }: AccountParts,
  name: string,
  rules: readonly Rule[],
): Promise<string> {
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
  const { status } = await api.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: 3600 } },
  });
  const file = path.join(folder, `kubeconfig-${name}-${randomBytes(3).toString('hex')}`);
  writeFileSync(file, kubeconfig(server, status?.token ?? ''));
  return file;
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
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
