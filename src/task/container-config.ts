import { isDeepStrictEqual } from 'node:util';
import type { Config, ConfigTree, ConfigValue } from '../config/config.js';
import { mergeTrees, splitKey, treeOf } from '../config/tree.js';
import { cachesInside } from '../container/plan/container-mounts.js';
import { taskConfigText } from './task-config.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** What the machine has says nothing about an image; what is installed in an image is there to be used. */
const INSIDE: Readonly<Record<string, ConfigValue>> = {
  'agent.default_python': '',
  'agent.python_binary': '',
  'agent.cuda_version': '',
  'agent.cudnn_version': '',
  'agent.package_manager.conda_env_as_base_docker': false,
};
const SITE_PACKAGES = 'agent.package_manager.system_site_packages';

/** Variables of a container that are settings of the agent: of the image, of `-e`, of its set-up scripts. */
const SETTING = /^(CLEARML|TRAINS)_|^CU(DA|DNN)_VERSION$/;

/**
 * The configuration as it holds for one task in a container with these variables. The original's agent inside
 * reads them there, so they count over the agent's own.
 */
export function containerConfig(config: Config, variables: Variables): Config {
  const settings = Object.entries(variables).filter(([name]) => SETTING.test(name));
  const laid = config.withEnvironment(Object.fromEntries(settings));
  const useImagePackages = laid.flag('CLEARML_AGENT_FORCE_SYSTEM_SITE_PACKAGES') ?? true;
  const inside = { ...INSIDE, ...(useImagePackages ? { [SITE_PACKAGES]: true } : {}) };
  const own = Object.entries(inside).filter(([key]) => isDeepStrictEqual(laid.raw(key), config.raw(key)));
  return laid.withTree(treeOfAll(own), 'container mode');
}

/** The configuration file that the ClearML SDK inside a container reads: caches are where they are mounted. */
export function containerConfigText(config: Config, authToken?: string): string {
  const inside = containerConfig(config, {}).withTree(treeOfAll(cachesInside(config)), 'container mode');
  return taskConfigText(inside, authToken);
}

function treeOfAll(values: readonly (readonly [string, ConfigValue])[]): ConfigTree {
  return values.reduce<ConfigTree>(
    (tree, [key, value]) => mergeTrees(tree, treeOf(splitKey(key), value)),
    {},
  );
}
