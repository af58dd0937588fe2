import { execFileSync } from 'node:child_process';
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
