import path from 'node:path';
import type { Config } from '../../config/config.js';
import { expandHome } from '../../os/paths.js';
import type { HostMount } from './run-words.js';

/** A folder of the machine that containers share, by the keys of both ends. */
interface SharedFolder {
  host: string;
  inside: string;
  target: string;
  hostFallback?: string;
  /** The agent itself looks into it; containers are given what they need of it. */
  agentOnly?: true;
  applies?(config: Config): boolean;
}

/**
 * In the order in which the original mounts them. Repositories are cloned outside, so their mirrors stay
 * there; so do the environments that the agent keeps.
 */
const SHARED_FOLDERS: readonly SharedFolder[] = [
  {
    host: 'agent.docker_apt_cache',
    inside: 'agent.docker_internal_mounts.apt_cache',
    target: '/var/cache/apt/archives',
  },
  {
    host: 'agent.docker_pip_cache',
    inside: 'agent.docker_internal_mounts.pip_cache',
    target: '/root/.cache/pip',
  },
  {
    host: 'agent.docker_poetry_cache',
    inside: 'agent.docker_internal_mounts.poetry_cache',
    target: '/root/.cache/pypoetry',
    hostFallback: '~/.clearml/poetry-cache',
    applies: (config) => config.agent.packageManager.type === 'poetry',
  },
  {
    host: 'agent.pip_download_cache.path',
    inside: 'agent.docker_internal_mounts.pip_download',
    target: '/root/.clearml/pip-download-cache',
  },
  {
    host: 'sdk.storage.cache.default_base_dir',
    inside: 'agent.docker_internal_mounts.sdk_cache',
    target: '/clearml_agent_cache',
  },
  {
    host: 'agent.venvs_cache.path',
    inside: 'agent.docker_internal_mounts.venvs_cache',
    target: '/root/.clearml/venvs-cache',
    agentOnly: true,
  },
];

/** Caches of the machine and where containers have them. */
export function cacheMounts(config: Config, home: string): HostMount[] {
  return SHARED_FOLDERS.flatMap(({ host, inside, target, hostFallback, agentOnly, applies }) => {
    const source = config.string(host) ?? hostFallback;
    if (source === undefined || agentOnly || applies?.(config) === false) return [];
    return [{ source: hostPath(source, config, home), target: insidePath(config, inside, target) }];
  });
}

/** Keys that name a mounted cache to the SDK, with where a container has it. */
export function cachesInside(config: Config): [key: string, folder: string][] {
  return SHARED_FOLDERS.filter(({ host }) => !host.startsWith('agent.docker_'))
    .filter(({ host }) => config.string(host) !== undefined)
    .map(({ host, inside, target }) => [host, insidePath(config, inside, target)]);
}

/** Where containers have something, by the key that says so. */
export function insidePath(config: Config, key: string, otherwise: string): string {
  return config.string(key) ?? otherwise;
}

/** A path of the configuration with `~` and `$NAME` filled in. */
function hostPath(text: string, config: Config, home: string): string {
  const filled = text.replace(/\$(?:(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
    return config.env[bare ?? braced ?? ''] ?? whole;
  });
  return path.resolve(expandHome(filled, home));
}
