import fs from 'node:fs';
import path from 'node:path';
import { AgentError, systemCode } from '../errors.js';
import { Config, type ConfigTree, type Environment } from './config.js';
import { parseHocon } from './hocon/parse-hocon.js';
import type { ConfigLayer } from './layers.js';
import { OPTIONS } from './options/option-table.js';
import { isTree, setAt, splitKey } from './tree.js';
import { readVariable } from './variables.js';

export interface LoadOptions {
  env: Environment;
  /** The user's home folder. */
  home: string;
  /** Value of `--config-file`. */
  configFile?: string;
  /** What flags say, as configuration keys. */
  flags?: ConfigTree;
}

/** Loads the configuration from its files and variables. */
export function loadConfig(options: LoadOptions): Config {
  const files = userFiles(options).flatMap((file) => readLayer(file, options));
  const flags: ConfigLayer[] =
    options.flags === undefined
      ? []
      : [{ tree: options.flags, source: { kind: 'flag', name: 'command line' } }];
  return new Config({
    env: options.env,
    base: [shippedDefaults(), ...files],
    vaults: [],
    monitoring: [],
    top: flags,
  });
}

function userFiles({ env, home, configFile }: LoadOptions): string[] {
  const custom = configFile ?? readVariable(env, 'CLEARML_CONFIG_FILE')?.value;
  if (custom !== undefined) return [expandHome(custom, home)];
  return ['trains.conf', 'clearml.conf'].map((name) => path.join(home, name));
}

function expandHome(file: string, home: string): string {
  return path.resolve(file.replace(/^~(?=\/|$)/, home));
}

function readLayer(file: string, { env, configFile }: LoadOptions): ConfigLayer[] {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && configFile === undefined) return [];
    throw new AgentError('CONFIG_FILE', `cannot read the configuration file ${file}: ${systemCode(error)}`, {
      cause: error,
    });
  }
  const { root, positions } = parseHocon(text, { file, env });
  return [{ tree: isTree(root) ? root : {}, source: { kind: 'file', name: file }, positions }];
}

function shippedDefaults(): ConfigLayer {
  const tree: ConfigTree = {};
  for (const option of OPTIONS) {
    if (option.shipped !== undefined) setAt(tree, splitKey(option.key), option.shipped);
  }
  return { tree, source: { kind: 'default', name: '' } };
}
