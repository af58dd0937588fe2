import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError, causeLine } from '../../../errors.js';
import { type DockerConfig, readDockerConfig, readJsonFile, recordOf } from './docker-config.js';

/** Where a container engine listens, and how it is spoken to. */
export interface EngineAddress {
  /** As the user wrote it, for errors: `unix:///var/run/docker.sock`. */
  text: string;
  /** Where it was found: `DOCKER_HOST`, `docker context build-farm`; empty for the default. */
  source: string;
  target: EngineTarget;
  /** `DOCKER_API_VERSION`: `1.41`. */
  apiVersion?: string;
  /** Why the docker command's configuration, or a part of it, does not count. */
  problem?: string;
}

export type EngineTarget =
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls?: EngineTls }
  /** `socket`: path on that machine, where it is not the default one. */
  | { kind: 'ssh'; host: string; user?: string; port?: number; socket?: string };

/** PEM texts. */
export interface EngineTls {
  ca?: string;
  cert?: string;
  key?: string;
  /** Whether the engine's certificate must hold. */
  verify: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Where Docker's engine listens unless something else is said. */
export const DEFAULT_SOCKET = '/var/run/docker.sock';
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * The engine that the docker command of this user would ask: `DOCKER_HOST`, else the context of
 * `DOCKER_CONTEXT`, else the current context of its configuration, else the socket of this machine.
 *
 * @throws AgentError CONFIG_VALUE for an address that makes no sense, CONFIG_FILE for a context that cannot be read
 */
export function dockerAddress(env: Env): EngineAddress {
  const config = readDockerConfig(env);
  const host = env.DOCKER_HOST?.trim();
  const context = host ? undefined : env.DOCKER_CONTEXT?.trim() || config.currentContext;
  const engine =
    context === undefined || context === 'default'
      ? byVariable(host || `unix://${DEFAULT_SOCKET}`, host ? 'DOCKER_HOST' : '', { env, config })
      : byContext(context, config);
  const found = { ...engine, ...(config.problem === undefined ? {} : { problem: config.problem }) };
  const apiVersion = env.DOCKER_API_VERSION?.trim().replace(/^v/, '');
  if (!apiVersion) return found;
  if (/^\d+\.\d+$/.test(apiVersion)) return { ...found, apiVersion };
  throw wrong('DOCKER_API_VERSION', 'a version such as 1.41', apiVersion);
}

/**
 * Reads `unix:///path`, `tcp://host:port` or `ssh://user@host:port/path`; one without a scheme is tcp.
 *
 * @param source what to name in an error
 * @throws AgentError CONFIG_VALUE
 */
export function parseAddress(text: string, source: string, tls?: EngineTls): EngineTarget {
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text) ?? [];
  if (scheme === 'unix' && (rest === '' || path.isAbsolute(rest)))
    return { kind: 'socket', path: rest || DEFAULT_SOCKET };
  const url = rest.startsWith('-') ? undefined : readUrl(`${scheme}://${rest || 'localhost'}`);
  if (scheme === 'tcp' && url?.hostname) {
    const port = Number(url.port || (tls === undefined ? PLAIN_PORT : TLS_PORT));
    return { kind: 'tcp', host: url.hostname, port, ...(tls === undefined ? {} : { tls }) };
  }
  if (scheme === 'ssh' && url?.hostname && rest !== '') return sshTarget(url, source);
  throw wrong(source, 'unix:///path, tcp://host:port or ssh://user@host', text);
}

function readUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function sshTarget(url: URL, source: string): EngineTarget {
  if (url.password !== '') {
    throw wrong(
      source,
      'an ssh address without a password (use a key)',
      `ssh://${url.username}:…@${url.host}`,
    );
  }
  return {
    kind: 'ssh',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.pathname.length > 1 ? { socket: url.pathname } : {}),
  };
}

function byVariable(text: string, source: string, from: { env: Env; config: DockerConfig }): EngineAddress {
  const { env, config } = from;
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  const wanted = verify || Boolean(env.DOCKER_TLS);
  const folder = env.DOCKER_CERT_PATH?.trim() || config.folder;
  const tls = wanted && !/^(unix|ssh):/.test(text) ? readTls(folder, verify) : undefined;
  return { text, source, target: parseAddress(text, source || 'DOCKER_HOST', tls) };
}

function byContext(name: string, { folder }: DockerConfig): EngineAddress {
  const source = `docker context ${name}`;
  const id = createHash('sha256').update(name).digest('hex');
  const file = path.join(folder, 'contexts/meta', id, 'meta.json');
  const meta = readJsonFile(file);
  if (meta === undefined) {
    throw new AgentError('CONFIG_VALUE', `there is no ${source} in ${path.join(folder, 'contexts')}`, {
      hint: 'See "docker context ls", or set DOCKER_CONTEXT=default.',
    });
  }
  const { Host, SkipTLSVerify } = recordOf(recordOf(meta.Endpoints).docker);
  if (typeof Host !== 'string' || Host === '') {
    throw new AgentError('CONFIG_VALUE', `${source} names no Docker engine (${file})`);
  }
  const certificates = path.join(folder, 'contexts/tls', id, 'docker');
  const tls = existsSync(certificates) ? readTls(certificates, SkipTLSVerify !== true) : undefined;
  return { text: Host, source, target: parseAddress(Host, source, tls) };
}

/** Files that do not exist are left out, as the docker command has it. */
function readTls(folder: string, verify: boolean): EngineTls {
  const read = (name: string): string | undefined => {
    const file = path.join(folder, name);
    try {
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    } catch (error) {
      throw new AgentError('CONFIG_FILE', `${file} cannot be read: ${causeLine(error)}`, { cause: error });
    }
  };
  const [ca, cert, key] = [read('ca.pem'), read('cert.pem'), read('key.pem')];
  return {
    verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function wrong(source: string, expected: string, found: string): AgentError {
  return new AgentError('CONFIG_VALUE', `${source}: expected ${expected}, found "${found}"`);
}
