import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from '../../config/config.js';
import { readSections } from '../../config/config-path.js';
import type { ConfigLayer } from '../../config/layers.js';
import { splitKey, treeOf } from '../../config/tree.js';
import { AgentError } from '../../errors.js';
import { checkKeys, ignoredVariables } from './check-keys.js';
import { accountsWithoutKeys } from './configured-users.js';
import { findServerKey, type ServerKeyName } from './key-table.js';
import { ServerConfig } from './server-config.js';
import { variableLayers } from './variables.js';

/** The files of a configuration folder, without `.conf`; `logging/…`, `services/…` are folders of them. */
const SECTIONS: readonly string[] = [
  'apiserver',
  'fileserver',
  'hosts',
  'logging',
  'secure',
  'services',
  'webserver',
];

const FOLDERS_VARIABLES = ['CLEARML_CONFIG_DIR', 'TRAINS_CONFIG_DIR'] as const;
const DEFAULT_FOLDER = '/opt/clearml/config';

export interface LoadServerConfigOptions {
  env: Environment;
  /** What flags say. */
  flags?: Partial<Record<ServerKeyName, string | number | boolean | undefined>>;
  /** Read where no variable names a folder, if it exists. */
  defaultFolder?: string;
}

/**
 * The server's configuration: files of the folders in `CLEARML_CONFIG_DIR`, a later folder over an earlier one; variables;
 * flags.
 *
 * @throws AgentError CONFIG_FILE, CONFIG_SYNTAX; CONFIG_VALUE with file and line for a wrong or unknown key
 */
export function loadServerConfig(options: LoadServerConfigOptions): ServerConfig {
  const { env } = options;
  const warnings: string[] = [];
  const files = foldersOf(options).flatMap((folder) =>
    readSections(folder, { env, warn: (message) => warnings.push(message) }),
  );
  const [own, foreign] = [files.filter(isOurs), files.filter((layer) => !isOurs(layer))];
  const layers = [...own, ...variableLayers(env, SECTIONS), ...flagLayers(options)];
  const config = new ServerConfig(layers);
  const { errors, ignored } = checkKeys(config.all);
  const lines = errors.map(({ path: key, problem }) => `${config.placeOf(key.join('.'))}: ${problem}`);
  const [first, ...others] = lines;
  if (first !== undefined)
    throw new AgentError('CONFIG_VALUE', first, {
      ...(others.length === 0 ? {} : { detail: others.join('\n') }),
      hint: 'docs/server-configuration.md lists the keys.',
    });
  const unused = [
    ...ignored.map(({ path: key, reason }) => ({
      name: `${key.join('.')} (${config.placeOf(key.join('.'))})`,
      reason,
    })),
    ...accountsWithoutKeys(config).map((key) => ({
      name: `${key} (${config.placeOf(key)})`,
      reason: 'it has no pair of user_key and user_secret, and no part of this server logs in',
    })),
    ...ignoredVariables(env),
    ...foreign.map(({ source }) => ({ name: source.name, reason: 'the server has no such section' })),
  ];
  return new ServerConfig(layers, [...warnings, ...noticesOf(unused)]);
}

function isOurs({ tree }: ConfigLayer): boolean {
  return Object.keys(tree).every((name) => SECTIONS.includes(name));
}

/** @throws AgentError CONFIG_FILE for a folder that is named and missing */
function foldersOf({ env, defaultFolder = DEFAULT_FOLDER }: LoadServerConfigOptions): string[] {
  const variable = FOLDERS_VARIABLES.find((name) => (env[name] ?? '').trim() !== '');
  if (variable === undefined) return existsSync(defaultFolder) ? [defaultFolder] : [];
  const folders = (env[variable] ?? '')
    .split(path.delimiter)
    .map((folder) => folder.trim())
    .filter((folder) => folder !== '')
    .map((folder) => path.resolve(folder));
  for (const folder of folders) {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) continue;
    const what = found === undefined ? 'nothing' : 'a file';
    throw new AgentError('CONFIG_FILE', `${variable}: expected a folder at ${folder}, found ${what}`, {
      hint: 'It names folders with apiserver.conf, services.conf and so on, separated as in PATH.',
    });
  }
  return folders;
}

function flagLayers({ flags = {} }: LoadServerConfigOptions): ConfigLayer[] {
  return Object.entries(flags).flatMap(([key, value]): ConfigLayer[] => {
    if (value === undefined) return [];
    const name = findServerKey(key)?.flag ?? key;
    return [{ tree: treeOf(splitKey(key), value), source: { kind: 'flag', name } }];
  });
}

/** One line for each reason. */
function noticesOf(unused: readonly { name: string; reason: string }[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of unused) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  return [...byReason].map(([reason, names]) => `${names.join(', ')} without effect: ${reason}`);
}
