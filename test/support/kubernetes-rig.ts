import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { ExecutionContext } from 'ava';
import { freePorts } from './free-ports.js';
import { clusterIn, type KubernetesRig, succeeds } from './kubernetes-access.js';
import { pythonLayer } from './kubernetes-image.js';
import { clearRig, rigPrefix, sweepRigs } from './kubernetes-leftovers.js';
import { endProcess, kubernetesNode, type RigNode } from './kubernetes-node.js';
import { CONTROL_PORTS, controlPlane, type Part } from './kubernetes-parts.js';
import { kubeconfig, NODE, PYTHON_IMAGE, writeKeys } from './kubernetes-rig-files.js';
import { CLUSTER_PROGRAM, PAUSE_PROGRAM } from './kubernetes-tools.js';
import { until } from './until.js';

/** A Kubernetes on this machine that nobody else uses: control plane, and a node with kubelet and containerd. */
export interface OwnKubernetes extends KubernetesRig {
  /** Adds a node, whose name is an address of this machine; it ends with the cluster. */
  addNode(): Promise<RigNode>;
  /** `kill -9`, or a start. */
  part(name: Part, order: 'kill' | 'start'): Promise<void>;
}

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

const TOKEN = 'rig-admin';
const PYTHON = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  WorkingDir: '/',
};

/**
 * Starts a cluster; it ends with the test.
 *
 * @param options `hasNode`: whether it has a node that runs pods
 */
export async function kubernetesRig(
  t: Pick<ExecutionContext, 'teardown'>,
  { hasNode = true }: { hasNode?: boolean } = {},
): Promise<OwnKubernetes> {
  sweepRigs();
  const folder = mkdtempSync(rigPrefix());
  const config = path.join(folder, 'kubeconfig');
  writeKeys(folder);
  // All at once: what is found later may be the same until somebody listens there.
  const ports = await freePorts(CONTROL_PORTS + 2);
  const { server, commands } = controlPlane(folder, ports.slice(0, CONTROL_PORTS));
  writeFileSync(config, kubeconfig(server, TOKEN));
  writeFileSync(path.join(folder, 'tokens'), `${TOKEN},admin,1,"system:masters"\n`);
  const client = new KubeConfig();
  client.loadFromFile(config);
  const api = client.makeApiClient(CoreV1Api);
  const children = new Map<Part, ChildProcess>();
  const part = async (name: Part, order: 'kill' | 'start') => {
    if (order === 'kill') return endProcess(children.get(name));
    const [program, ...words] = commands[name];
    const log = path.join(folder, `${name}.log`);
    const output = openSync(log, 'a');
    children.set(name, spawn(program, words, { stdio: ['ignore', output, output] }));
    if (name !== 'apiserver') return;
    const answers = () =>
      succeeds(() => api.readNamespacedServiceAccount({ namespace: 'default', name: 'none' }), 404);
    const context = () => readFileSync(log, 'utf8').slice(-3000);
    await until(answers, { what: name, timeoutMs: 120_000, context });
  };
  const nodes: RigNode[] = [];
  t.teardown(async () => {
    for (const node of nodes) await node.kill();
    for (const name of ['scheduler', 'controllers', 'apiserver', 'etcd'] as const)
      await endProcess(children.get(name));
    clearRig(folder);
  });
  const cluster = part('etcd', 'start').then(() => part('apiserver', 'start'));
  let layer: Promise<Uint8Array> | undefined;
  const addNode = async (name: string, address: string, free: readonly number[]) => {
    layer ??= pythonLayer(folder);
    const images = [{ name: PYTHON_IMAGE, layer: await layer, config: PYTHON }];
    const own = { folder: path.join(folder, `node-${address}`), name, address, ports: free };
    const node = await kubernetesNode({ ...own, kubeconfig: config, api, images, cluster });
    nodes.push(node);
    return node;
  };
  await Promise.all([
    hasNode ? addNode(NODE, '127.0.0.1', ports.slice(CONTROL_PORTS)) : cluster,
    cluster.then(() => Promise.all([part('controllers', 'start'), part('scheduler', 'start')])),
  ]);
  return {
    ...(await clusterIn(folder, 'default')),
    addNode: async () => {
      const address = `127.0.0.${nodes.length + 1}`;
      return addNode(address, address, await freePorts(2));
    },
    part,
  };
}
