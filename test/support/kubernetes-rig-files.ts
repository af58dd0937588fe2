import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Image of the first process of a pod. */
export const PAUSE = 'test.local/pause:1';
/** Image with a shell, tar and Python. */
export const PYTHON_IMAGE = 'test.local/python:1';
/** Name of the first node. */
export const NODE = 'localhost';

export function writeKeys(folder: string): void {
  const key = path.join(folder, 'accounts.key');
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
  execFileSync('openssl', ['ec', '-in', key, '-pubout', '-out', path.join(folder, 'accounts.pub')], {
    stdio: 'pipe',
  });
}

export function kubeconfig(server: string, token: string, namespace = 'default'): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'rig', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'rig', context: { cluster: 'rig', user: 'user', namespace } }],
    'current-context': 'rig',
  });
}
