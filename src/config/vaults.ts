import { isAgentError } from '../errors.js';
import type { Config, ConfigTree, Environment } from './config.js';
import { parseHocon } from './hocon/parse-hocon.js';
import type { ConfigLayer } from './layers.js';
import { isTree, member, setAt, splitKey, valueAt } from './tree.js';

/** A configuration text that the server keeps. */
export interface VaultText {
  /** How the vault is called in messages: its description or id. */
  name: string;
  text: string;
}

export interface VaultLayers {
  layers: ConfigLayer[];
  /** One sentence for each text that cannot be used; the others are. */
  warnings: string[];
}

/** What a vault may not say, because it belongs to this machine. */
const PROTECTED: readonly string[] = [
  'agent.cuda_version',
  'agent.cudnn_version',
  'agent.default_python',
  'agent.worker_id',
  'agent.worker_name',
];
/** Protected only where it is set. */
const DEBUG = 'agent.debug';

/** The texts as layers; a later one is stronger. */
export function vaultLayers(vaults: readonly VaultText[], env: Environment): VaultLayers {
  const warnings: string[] = [];
  const layers = vaults.flatMap(({ name, text }): ConfigLayer[] => {
    try {
      const { root, positions } = parseHocon(text, { file: `vault ${name}`, env });
      return [{ tree: isTree(root) ? root : {}, source: { kind: 'vault', name }, positions }];
    } catch (error) {
      if (!isAgentError(error)) throw error;
      warnings.push(`a vault is left out: ${error.message}`);
      return [];
    }
  });
  return { layers, warnings };
}

export interface AppliedVaults {
  config: Config;
  /** Values that were ignored, in whole sentences. */
  warnings: string[];
}

/** What other users' vaults may set in the agent's own section: how it fetches code and packages. */
const TASK_KEYS = ['git_user', 'git_pass', 'git_host', 'package_manager'];

/**
 * The configuration with the vaults of a task's owner laid in. They say nothing about this machine, its
 * containers and the connection to the server.
 */
export function applyOwnerVaults(config: Config, vaults: readonly VaultText[]): AppliedVaults {
  // Variables of the agent, which a text could name, are none of the owner's business.
  const { layers, warnings } = vaultLayers(vaults, {});
  return { config: config.withOwnerVaults(layers.map(forTaskOnly)), warnings };
}

function forTaskOnly(layer: ConfigLayer): ConfigLayer {
  const { agent, api: _, ...rest } = layer.tree;
  const keys = isTree(agent) ? Object.entries(agent).filter(([key]) => TASK_KEYS.includes(key)) : [];
  return { ...layer, tree: { ...rest, ...(keys.length > 0 ? { agent: Object.fromEntries(keys) } : {}) } };
}

/** The configuration with the user's vaults and those of the monitoring laid in. */
export function applyVaults(
  config: Config,
  vaults: readonly VaultText[],
  monitoring: readonly VaultText[] = [],
): AppliedVaults {
  const user = vaultLayers(vaults, config.env);
  const admin = vaultLayers(monitoring, config.env);
  const kept = user.layers.map((layer) => withoutProtected(layer, config));
  return {
    config: config.withVaults(
      kept.map(({ layer }) => layer),
      admin.layers,
    ),
    warnings: [...user.warnings, ...kept.flatMap(({ warnings }) => warnings), ...admin.warnings],
  };
}

function withoutProtected(layer: ConfigLayer, config: Config): { layer: ConfigLayer; warnings: string[] } {
  const keys = config.raw(DEBUG) === undefined ? PROTECTED : [...PROTECTED, DEBUG];
  const found = keys.filter((key) => valueAt(layer.tree, splitKey(key)) !== undefined);
  if (found.length === 0) return { layer, warnings: [] };
  const tree = structuredClone(layer.tree);
  for (const key of found) remove(tree, splitKey(key));
  const name = layer.source.name;
  return {
    layer: { ...layer, tree },
    warnings: found.map((key) => `vault ${name}: ${key} is left as this machine has it`),
  };
}

function remove(tree: ConfigTree, [section = '', key = '']: string[]): void {
  const within = member(tree, section);
  if (!isTree(within)) return;
  const { [key]: _removed, ...rest } = within;
  setAt(tree, [section], rest);
}
