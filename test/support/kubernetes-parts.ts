import path from 'node:path';
import { CLUSTER_PROGRAM } from './kubernetes-tools.js';

/** A process of the control plane. */
export type Part = 'etcd' | 'apiserver' | 'controllers' | 'scheduler';

export interface ControlPlane {
  /** Address of the API server. */
  server: string;
  commands: Readonly<Record<Part, readonly [string, ...string[]]>>;
}

/** Of `controlPlane`. */
export const CONTROL_PORTS = 5;

/**
 * How the control plane of a cluster is started.
 *
 * @param folder with `kubeconfig`, `tokens` and the keys of service accounts
 * @param ports five that are free
 */
export function controlPlane(folder: string, ports: readonly number[]): ControlPlane {
  const file = (name: string) => path.join(folder, name);
  const [etcd = 0, peer = 0, apiserver = 0, controllers = 0, scheduler = 0] = ports;
  const credentials = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
    (name) => `--${name}=${file('kubeconfig')}`,
  );
  return {
    server: `https://127.0.0.1:${apiserver}`,
    commands: {
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
    },
  };
}
