import { AgentError, causeLine } from '../errors.js';
import type { Config } from './config.js';
import { type ApplyOptions, applySections } from './sections/apply-sections.js';
import { validateConfig } from './validate.js';
import { applyVaults, type VaultText } from './vaults.js';

export interface ReadyOptions extends ApplyOptions {
  /** Told each thing that is odd but no reason to stop. */
  warn: (line: string) => void;
  /** Asks the server for vaults; left out for a server that has none. */
  fetchVaults?: (type: VaultType) => Promise<readonly VaultRecord[]>;
}

export type VaultType = 'config' | 'monitoring';

/** A vault as the server tells it. */
export interface VaultRecord {
  id?: string;
  description?: string;
  scope?: string;
  /** HOCON text. */
  data?: string;
}

/** Letters of a description that are shown. */
const NAME_WIDTH = 50;

/**
 * What a command that runs tasks does with its configuration before it uses it: lays the server's vaults in,
 * checks it, then carries out the sections `environment` and `files`.
 *
 * @throws AgentError CONFIG_VALUE with the first value of a wrong type; the others are its detail
 */
export async function readyConfig(config: Config, options: ReadyOptions): Promise<Config> {
  const complete = await withVaults(config, options);
  const { warnings, errors } = validateConfig(complete);
  for (const warning of warnings) options.warn(warning);
  const [first, ...others] = errors;
  if (first === undefined) return applySections(complete, options);
  throw new AgentError('CONFIG_VALUE', first, others.length === 0 ? {} : { detail: others.join('\n') });
}

async function withVaults(config: Config, { fetchVaults, say, warn }: ReadyOptions): Promise<Config> {
  if (fetchVaults === undefined) return config;
  if (config.flag('CLEARML_AGENT_DISABLE_VAULT_SUPPORT')) {
    say('Vault support is disabled');
    return config;
  }
  const texts = async (type: VaultType): Promise<VaultText[]> => {
    try {
      return (await fetchVaults(type)).flatMap(vaultText);
    } catch (error) {
      warn(`failed to get the ${type} vaults, going on without them: ${causeLine(error)}`);
      return [];
    }
  };
  const [own, monitoring] = [await texts('config'), await texts('monitoring')];
  if (own.length === 0 && monitoring.length === 0) return config;
  for (const { name } of own) say(`Loaded vault ${name}`);
  const applied = applyVaults(config, own, monitoring);
  for (const warning of applied.warnings) warn(warning);
  return applied.config;
}

function vaultText({ id = '', description, scope, data }: VaultRecord): VaultText[] {
  if (data === undefined || data.trim() === '') return [];
  const name = description?.trim().slice(0, NAME_WIDTH) || id;
  return [{ name: scope === undefined ? name : `${name} (${scope})`, text: data }];
}
