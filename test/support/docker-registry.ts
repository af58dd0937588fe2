import { execFileSync, spawn } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { freePorts } from './free-ports.js';
import { temporaryFolder } from './temporary-folder.js';
import { until } from './until.js';

export interface DockerRegistry {
  /** `127.0.0.1:port`, what image names begin with. */
  host: string;
  user: string;
  password: string;
}

/** A real registry on loopback that lets one user in; ends with the test. */
export async function startRegistry(t: ExecutionContext): Promise<DockerRegistry> {
  const folder = temporaryFolder(t);
  const [port] = await freePorts(1);
  const host = `127.0.0.1:${port}`;
  const [user, password] = ['someone', 'pass:word'];
  const passwords = path.join(folder, 'htpasswd');
  writeFileSync(passwords, execFileSync('htpasswd', ['-Bbn', user, password]));
  const config = path.join(folder, 'config.yml');
  const settings = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: path.join(folder, 'data') } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'test', path: passwords } },
  };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(settings));
  const log = path.join(folder, 'log');
  const descriptor = openSync(log, 'w');
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', descriptor, descriptor] });
  t.teardown(() => child.kill('SIGKILL'));
  const answered = () => fetch(`http://${host}/v2/`).then(Boolean, () => false);
  await until(answered, {
    what: 'the registry',
    timeoutMs: 20_000,
    context: () => readFileSync(log, 'utf8'),
  });
  return { host, user, password };
}
