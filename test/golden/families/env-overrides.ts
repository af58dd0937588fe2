import { Config, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { namedTextLayer } from '../../../src/config/config-path.js';
import { readOverride } from '../../../src/config/dynamic-overrides.js';
import type { ConfigLayer } from '../../../src/config/layers.js';
import { vaultLayers } from '../../../src/config/vaults.js';

interface OverridesInput {
  env?: Record<string, string>;
  defaults?: Record<string, string>;
  user_files?: Record<string, string>;
  config_file_env?: { name: string; text: string };
  vaults?: string[];
  monitoring_vaults?: string[];
  session?: { get: string[] };
}

/** The layers of the loader with the texts of the case in place of files. */
export function envOverrides(input: OverridesInput): unknown {
  const env = { PATH: '/usr/bin:/bin', HOME: '/home/user', LANG: 'C.UTF-8', TZ: 'UTC', ...input.env };
  if (takesPlainText(env)) return undefined;
  const config = new Config({
    env,
    base: [...defaults(input, env), ...userFiles(input, env)],
    vaults: vaultLayers(texts(input.vaults), env).layers,
    monitoring: vaultLayers(texts(input.monitoring_vaults), env).layers,
    derive: input.session !== undefined,
  });
  if (input.session === undefined) return config.all;
  return Object.fromEntries(input.session.get.map((key) => [key, config.raw(key) ?? { missing: true }]));
}

/** Declined: the original refuses such a value, ours is meant to take it. */
function takesPlainText(env: Environment): boolean {
  const overrides = Object.entries(env).filter(([name]) => name.startsWith('CLEARML_AGENT__'));
  return overrides.some(([name, value]) => readOverride(name, value ?? '', env).plain);
}

function defaults({ defaults: files = {} }: OverridesInput, env: Environment): ConfigLayer[] {
  return Object.entries(files)
    .filter(([name]) => name.endsWith('.conf'))
    .map(([name, text]) => namedTextLayer(text, name, { env, warn: () => undefined }));
}

function userFiles(input: OverridesInput, env: Environment): ConfigLayer[] {
  const own = ['trains.conf', 'clearml.conf'].flatMap((name) => input.user_files?.[name] ?? []);
  const chosen = input.config_file_env === undefined ? own : [input.config_file_env.text];
  return chosen.map((text) => textLayer(text, 'user.conf', { env, warn: () => undefined }));
}

function texts(vaults: string[] = []): { name: string; text: string }[] {
  return vaults.map((text, i) => ({ name: `vault ${i}`, text }));
}
