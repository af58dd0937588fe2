import path from 'node:path';
import { AgentError } from '../errors.js';
import { expandVariables } from '../os/expand.js';
import { expandHome } from '../os/paths.js';
import { Config, type ConfigTree, type Environment } from './config.js';
import { type FileContext, readConfigFile } from './config-files.js';
import { readConfigPath } from './config-path.js';
import type { ConfigLayer } from './layers.js';
import { findOption, shippedTree } from './options/option-table.js';
import { joinKey, leaves, treeOf } from './tree.js';
import { readVariable } from './variables.js';

export interface LoadOptions {
  env: Environment;
  /** The user's home folder. */
  home: string;
  /** A file that the command line names; it has to exist. */
  configFile?: string;
  /** The words that name it, for the error; default `--config-file`. */
  configFileBy?: string;
  /** What flags say, as configuration keys. */
  flags?: ConfigTree;
}

/** Both are read, the later one is stronger. */
const USER_FILES = ['trains.conf', 'clearml.conf'] as const;

/**
 * Loads the configuration: shipped defaults, the folder of `CLEARML_CONFIG_PATH`, the user's files, variables,
 * flags. Nothing is asked from the server; vaults are laid in with `Config.withVaults`.
 *
 * @throws AgentError CONFIG_FILE, CONFIG_SYNTAX, CONFIG_VALUE
 */
export function loadConfig(options: LoadOptions): Config {
  const { env, home, flags } = options;
  const warnings: string[] = [];
  const context: FileContext = { env, warn: (message) => warnings.push(message) };
  const folder = readVariable(env, 'CLEARML_CONFIG_PATH')?.value;
  const sections =
    folder === undefined ? [] : readConfigPath(path.resolve(expandHome(folder, home)), context);
  const files = userFiles(options, context);
  return new Config({
    env,
    base: [shippedLayer(), ...sections, ...files],
    top: flagLayers(flags ?? {}),
    files: files.map((layer) => layer.source.name),
    warnings,
  });
}

/** The lowest layer: what the option table ships. */
export function shippedLayer(): ConfigLayer {
  return { tree: shippedTree(), source: { kind: 'default', name: '' } };
}

function flagLayers(flags: ConfigTree): ConfigLayer[] {
  return [...leaves(flags)].map(([keys, value]) => {
    const name = findOption(joinKey(keys))?.flag ?? 'of the command line';
    return { tree: treeOf(keys, value), source: { kind: 'flag', name } };
  });
}

function userFiles(
  { env, home, configFile, configFileBy = '--config-file' }: LoadOptions,
  context: FileContext,
): ConfigLayer[] {
  if (configFile !== undefined) {
    const file = path.resolve(expandHome(expandVariables(configFile, env), home));
    const layer = readConfigFile(file, context);
    if (layer !== undefined) return [layer];
    throw new AgentError(
      'CONFIG_FILE',
      `${configFileBy}: expected a configuration file, found nothing at ${file}`,
    );
  }
  const named = readVariable(env, 'CLEARML_CONFIG_FILE');
  if (named !== undefined) {
    const file = path.resolve(expandHome(named.value, home));
    const layer = readConfigFile(file, context);
    if (layer !== undefined) return [layer];
    context.warn(`${named.name} names the file ${file}, which does not exist; no configuration file is read`);
    return [];
  }
  return USER_FILES.flatMap((name) => readConfigFile(path.join(home, name), context) ?? []);
}
