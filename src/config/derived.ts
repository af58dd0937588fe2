import type { ConfigTree, ConfigValue, Environment } from './config.js';
import { type ConfigClaim, type ConfigLayer, claims, NO_SOURCE } from './layers.js';
import type { Option } from './options/option.js';
import { OPTIONS } from './options/option-table.js';
import type { ConfigSource } from './source.js';
import { splitKey, treeOf, valueAt } from './tree.js';

/**
 * What follows from the merged layers: values of older names, each way of naming the API server, versions of CUDA in the form that
 * packages use, the Azure container of the environment. Each takes over the source of what it follows from.
 */
export function derivedLayers(
  layers: readonly ConfigLayer[],
  merged: ConfigTree,
  env: Environment,
): ConfigLayer[] {
  return [
    ...olderNames(RENAMED, layers),
    ...hostOfServer(layers, merged),
    ...compactVersion(layers, 'agent.cuda_version'),
    ...compactVersion(layers, 'agent.cudnn_version'),
    ...azureContainer(merged, env),
  ];
}

const RENAMED: readonly Option[] = OPTIONS.filter(({ formerly }) => formerly !== undefined);

/** The values of older names, for keys that nothing but a default sets by the name of today. */
export function olderNames(renamed: readonly Option[], layers: readonly ConfigLayer[]): ConfigLayer[] {
  return renamed.flatMap(({ key, formerly = [] }) => {
    const today = claimed(layers, key);
    if (today !== undefined && today.source.kind !== 'default') return [];
    const [older] = formerly.flatMap((name) => claimed(layers, name) ?? []);
    return older === undefined ? [] : [layer(key, older.value, older.source)];
  });
}

/** What is in force for a key; nothing where that is null or empty. */
function claimed(layers: readonly ConfigLayer[], key: string): ConfigClaim | undefined {
  const [claim] = claims(layers, splitKey(key));
  return claim === undefined || claim.value === null || claim.value === '' ? undefined : claim;
}

/** The SDK reads the server from `api.host` too. */
function hostOfServer(layers: readonly ConfigLayer[], merged: ConfigTree): ConfigLayer[] {
  const known = valueAt(merged, splitKey('api.api_server'));
  const taken = valueAt(merged, splitKey('api.host'));
  if (!isText(known) || isText(taken)) return [];
  return [layer('api.host', known, sourceOf(layers, 'api.api_server'))];
}

/** `11.8` becomes `118`, `8.6.0` becomes `86`; a version without a dot stays. */
function compactVersion(layers: readonly ConfigLayer[], key: string): ConfigLayer[] {
  const [claim] = claims(layers, splitKey(key));
  const text = claim?.written ?? claim?.value;
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(String(text)) ?? [];
  if (claim === undefined || major === undefined) return [];
  return [layer(key, String(Math.trunc(Number(`${major}.${minor}`) * 10)), claim.source)];
}

function azureContainer(merged: ConfigTree, env: Environment): ConfigLayer[] {
  const [account, key] = [env.AZURE_STORAGE_ACCOUNT?.trim(), env.AZURE_STORAGE_KEY?.trim()];
  if (!isText(account) && !isText(key)) return [];
  const path = 'sdk.azure.storage.containers';
  const others = valueAt(merged, splitKey(path));
  const one = { account_name: isText(account) ? account : null, account_key: isText(key) ? key : null };
  const name = isText(account) ? 'AZURE_STORAGE_ACCOUNT' : 'AZURE_STORAGE_KEY';
  return [layer(path, [...(Array.isArray(others) ? others : []), one], { kind: 'variable', name })];
}

function layer(key: string, value: ConfigValue, source: ConfigSource): ConfigLayer {
  return { tree: treeOf(splitKey(key), value), source };
}

function sourceOf(layers: readonly ConfigLayer[], key: string): ConfigSource {
  return claims(layers, splitKey(key))[0]?.source ?? NO_SOURCE;
}

function isText(value: ConfigValue | undefined): value is string {
  return typeof value === 'string' && value !== '';
}
