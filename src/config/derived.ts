import type { ConfigTree, ConfigValue, Environment } from './config.js';
import { type ConfigLayer, claims, NO_SOURCE } from './layers.js';
import type { ConfigSource } from './source.js';
import { splitKey, treeOf, valueAt } from './tree.js';

/**
 * What follows from the merged layers: each way of naming the API server, versions of CUDA in the form that
 * packages use, the Azure container of the environment. Each takes over the source of what it follows from.
 */
export function derivedLayers(
  layers: readonly ConfigLayer[],
  merged: ConfigTree,
  env: Environment,
): ConfigLayer[] {
  return [
    ...sameServer(layers, merged, 'api.api_server', 'api.host'),
    ...sameServer(layers, merged, 'api.host', 'api.api_server'),
    ...compactVersion(layers, 'agent.cuda_version'),
    ...compactVersion(layers, 'agent.cudnn_version'),
    ...azureContainer(merged, env),
  ];
}

function sameServer(
  layers: readonly ConfigLayer[],
  merged: ConfigTree,
  from: string,
  to: string,
): ConfigLayer[] {
  const known = valueAt(merged, splitKey(from));
  const taken = valueAt(merged, splitKey(to));
  if (!isText(known) || isText(taken)) return [];
  return [layer(to, known, sourceOf(layers, from))];
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
