import type { Config, ConfigTree } from '../config/config.js';

/** Keys of the agent's own that no task needs and that open doors. */
const WITHHELD = ['git_user', 'git_pass', 'git', 'extra_docker_arguments'];

/**
 * The configuration file that the ClearML SDK inside a task reads: everything merged, as JSON (which is valid
 * in this dialect), without the agent's own git credentials.
 *
 * @param authToken an owner's token; with it the agent's credentials stay out
 */
export function taskConfigText(config: Config, authToken?: string): string {
  const { agent, api, ...rest } = config.all;
  const tree: ConfigTree = {
    ...rest,
    agent: without(agent, WITHHELD),
    api: authToken ? without(api, ['credentials']) : without(api, []),
  };
  return `${JSON.stringify(tree, undefined, 4)}\n`;
}

function without(section: ConfigTree[string] | undefined, keys: readonly string[]): ConfigTree {
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return {};
  return Object.fromEntries(Object.entries(section).filter(([key]) => !keys.includes(key)));
}
