import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Image of the first process of a pod. */
export const PAUSE = 'test.local/pause:1';

export function writeKeys(folder: string): void {
  const key = path.join(folder, 'accounts.key');
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
  execFileSync('openssl', ['ec', '-in', key, '-pubout', '-out', path.join(folder, 'accounts.pub')], {
    stdio: 'pipe',
  });
}

export function kubeconfig(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'rig', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'rig', context: { cluster: 'rig', user: 'user', namespace: 'default' } }],
    'current-context': 'rig',
  });
}

/** Without `restrict_oom_score_adj` no sandbox starts where root lacks the right to lower the score. */
export function writeContainerd(folder: string, socket: string): void {
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

/** Without a hierarchy of control groups, so that two rigs do not clear up each other's. */
export function kubeletConfig(folder: string, socket: string, port: number, healthzPort: number): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
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
