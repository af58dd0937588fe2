import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CoreV1Api } from '@kubernetes/client-node';
import { execa } from 'execa';
import { archiveOf, type LoadedImage, loadImage } from './kubernetes-image.js';
import { PAUSE } from './kubernetes-rig-files.js';
import { CLUSTER_PROGRAM, PAUSE_PROGRAM } from './kubernetes-tools.js';
import { until } from './until.js';

/** A kubelet and its containerd. */
export interface RigNode {
  name: string;
  /** `kill -9` of both; containers run on. */
  kill(): Promise<void>;
}

export interface NodeOptions {
  /** Of the node alone. */
  folder: string;
  /** A name that leads to the kubelet's address. */
  name: string;
  address: string;
  /** Two. */
  ports: readonly number[];
  /** File. */
  kubeconfig: string;
  api: CoreV1Api;
  images: readonly LoadedImage[];
  /** Settles when the API server answers. */
  cluster: Promise<unknown>;
}

/** Starts a node and waits until it is ready for pods. */
export async function kubernetesNode(options: NodeOptions): Promise<RigNode> {
  const { folder, name, address, kubeconfig, api, images, cluster } = options;
  const [port = 0, healthzPort = 0] = options.ports;
  mkdirSync(folder, { recursive: true });
  const socket = path.join(folder, 'containerd.sock');
  writeContainerd(folder, socket);
  const config = kubeletConfig({ folder, socket, address, port, healthzPort });
  writeFileSync(path.join(folder, 'kubelet.yaml'), config);
  const children: ChildProcess[] = [];
  const start = (part: string, [program = '', ...words]: readonly string[]) => {
    const log = openSync(path.join(folder, `${part}.log`), 'a');
    children.push(spawn(program, words, { stdio: ['ignore', log, log] }));
    return () => readFileSync(path.join(folder, `${part}.log`), 'utf8').slice(-3000);
  };
  const engine = start('containerd', ['containerd', '--config', path.join(folder, 'containerd.toml')]);
  const version = () =>
    execa('ctr', ['-a', socket, 'version']).then(
      () => true,
      () => false,
    );
  await until(version, { what: 'containerd', timeoutMs: 120_000, context: engine });
  const pause = await archiveOf({ pause: readFileSync(PAUSE_PROGRAM) });
  await loadImage(folder, socket, { name: PAUSE, layer: pause, config: { Entrypoint: ['/pause'] } });
  for (const image of images) await loadImage(folder, socket, image);
  await cluster;
  const kubelet = start('kubelet', [
    CLUSTER_PROGRAM,
    'kubelet',
    `--config=${path.join(folder, 'kubelet.yaml')}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${path.join(folder, 'kubelet')}`,
    `--cert-dir=${path.join(folder, 'kubelet-certs')}`,
    `--hostname-override=${name}`,
  ]);
  const isReady = () =>
    api.readNode({ name }).then(
      ({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      () => false,
    );
  await until(isReady, { what: `node ${name}`, timeoutMs: 120_000, context: kubelet });
  return {
    name,
    kill: async () => {
      for (const child of children.splice(0).reverse()) await endProcess(child);
    },
  };
}

/** Ends a process by SIGKILL. */
export async function endProcess(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Without `restrict_oom_score_adj` no sandbox starts where root lacks the right to lower the score. */
function writeContainerd(folder: string, socket: string): void {
  mkdirSync(path.join(folder, 'cni'));
  writeFileSync(
    path.join(folder, 'cni', '10-loopback.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: 'loopback', plugins: [{ type: 'loopback' }] }),
  );
  const text = `version = 2
root = "${folder}/containerd-root"
state = "${folder}/containerd-state"
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${folder}/cni"
`;
  writeFileSync(path.join(folder, 'containerd.toml'), text);
}

interface KubeletFacts {
  folder: string;
  socket: string;
  address: string;
  port: number;
  healthzPort: number;
}

/** Without a hierarchy of control groups, so that two kubelets do not clear up each other's. */
function kubeletConfig({ folder, socket, address, port, healthzPort }: KubeletFacts): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address,
    port,
    healthzPort,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    containerRuntimeEndpoint: `unix://${socket}`,
    podLogsDir: path.join(folder, 'pod-logs'),
    volumePluginDir: path.join(folder, 'volume-plugins'),
    evictionHard: { 'memory.available': '10Mi', 'nodefs.available': '100Mi', 'imagefs.available': '100Mi' },
    imageGCHighThresholdPercent: 100,
    // Without a hierarchy the kubelet of 1.34 panics when it looks at a pod with resources again.
    featureGates: { InPlacePodVerticalScaling: false },
  });
}
