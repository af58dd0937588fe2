import path from 'node:path';
import type { Config } from '../../config/config.js';
import type { OptionKey } from '../../config/options/option-types.js';
import { expandVariables } from '../../os/expand.js';
import { expandHome } from '../../os/paths.js';
import type { HostMount } from './run-words.js';

/** A folder of the machine that containers share: where it is, and where containers have it. */
interface SharedFolder {
  host: string | undefined;
  inside: string;
  /** The key that names the folder to the SDK. */
  key?: OptionKey;
  /** The agent itself looks into it; containers are given what they need of it. */
  agentOnly?: true;
}

/**
 * In the order in which the original mounts them. Repositories are cloned outside, so their mirrors stay
 * there; so do the environments that the agent keeps.
 */
function sharedFolders({ agent, sdk }: Config): SharedFolder[] {
  const inside = agent.dockerInternalMounts;
  const usesPoetry = agent.packageManager.type === 'poetry';
  return [
    { host: agent.dockerAptCache, inside: inside.aptCache },
    { host: agent.dockerPipCache, inside: inside.pipCache },
    { host: usesPoetry ? agent.dockerPoetryCache : undefined, inside: inside.poetryCache },
    { host: agent.pipDownloadCache.path, inside: inside.pipDownload, key: 'agent.pip_download_cache.path' },
    {
      host: sdk.storage.cache.defaultBaseDir,
      inside: inside.sdkCache,
      key: 'sdk.storage.cache.default_base_dir',
    },
    {
      host: agent.venvsCache.path,
      inside: inside.venvsCache,
      key: 'agent.venvs_cache.path',
      agentOnly: true,
    },
  ];
}

/** Caches of the machine and where containers have them. */
export function cacheMounts(config: Config, home: string): HostMount[] {
  return sharedFolders(config).flatMap(({ host, inside, agentOnly }) =>
    host === undefined || agentOnly ? [] : [{ source: hostPath(host, config, home), target: inside }],
  );
}

/** Keys that name a mounted cache to the SDK, with where a container has it. */
export function cachesInside(config: Config): [key: OptionKey, folder: string][] {
  return sharedFolders(config).flatMap(({ host, inside, key }) =>
    host === undefined || key === undefined ? [] : [[key, inside]],
  );
}

/** A path of the configuration with `~` and `$NAME` filled in. */
function hostPath(text: string, config: Config, home: string): string {
  return path.resolve(expandHome(expandVariables(text, config.env), home));
}
