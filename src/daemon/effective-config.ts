import type { Vault } from '../api/users.js';
import type { Config, ConfigTree } from '../config/config.js';
import { mergeLayers } from '../config/layers.js';
import { applySections } from '../config/sections/apply-sections.js';
import { requireValid } from '../config/validate.js';
import { applyOwnerVaults, applyVaults, type VaultText, vaultLayers } from '../config/vaults.js';
import type { AgentLogger } from '../logs/logger.js';
import { configSecrets } from '../secrets/config-secrets.js';
import type { Redactor } from '../secrets/redactor.js';
import type { Connection } from './connect.js';

export interface EffectiveOptions {
  config: Config;
  home: string;
  connection: Connection;
  logger: AgentLogger;
  redactor: Redactor;
}

/** Vaults came with this version of the API, and never to the open-source server. */
const VAULTS_SINCE = '2.15';

/**
 * The configuration that tasks are run with: the server's vaults laid in, checked, its secrets registered, and
 * what the sections `environment` and `files` ask for carried out.
 *
 * @throws AgentError CONFIG_VALUE for a value of the wrong type
 */
export async function effectiveConfig(options: EffectiveOptions): Promise<Config> {
  const { config, home, logger, redactor } = options;
  const complete = (await loadVaults(options)) ?? config;
  requireValid(complete, (line) => logger.warn(line));
  redactor.add(...configSecrets(complete));
  return applySections(complete, { home, say: (line) => logger.info(line) });
}

async function loadVaults({ config, connection, logger }: EffectiveOptions): Promise<Config | undefined> {
  if (!hasVaults(config, connection)) return undefined;
  const { users } = connection;
  const [own, monitoring] = await Promise.all([users.getVaults(), users.getVaults(['monitoring'])]);
  const applied = applyVaults(config, own.map(textOf), monitoring.map(textOf));
  for (const warning of applied.warnings) logger.warn(warning);
  return applied.config;
}

/**
 * The configuration for a task that runs with its owner's identity: with the owner's vaults in place of those of
 * the agent.
 *
 * @param options with the connection logged in as the owner
 * @param here the task runs on this machine, so the sections `environment` and `files` are carried out on it
 */
export async function ownerConfig(options: EffectiveOptions, here: boolean): Promise<Config> {
  const { config, home, connection, logger, redactor } = options;
  const vaults = hasVaults(config, connection) ? await connection.users.getVaults() : [];
  const applied = applyOwnerVaults(config, vaults.map(textOf));
  for (const warning of applied.warnings) logger.warn(warning);
  requireValid(applied.config, (line) => logger.warn(line));
  redactor.add(...configSecrets(applied.config));
  return here ? applySections(applied.config, { home, say: (line) => logger.info(line) }) : applied.config;
}

/** What the server keeps for the agent's user, merged; secrets among it, so not for tasks as a whole. */
export async function ownVaults(config: Config, connection: Connection): Promise<ConfigTree> {
  if (!hasVaults(config, connection)) return {};
  const vaults = await connection.users.getVaults(['config'], { retry: 'bounded' });
  return mergeLayers(vaultLayers(vaults.map(textOf), config.env).layers);
}

function hasVaults(config: Config, { client }: Connection): boolean {
  if (config.flag('CLEARML_AGENT_DISABLE_VAULT_SUPPORT')) return false;
  return client.claims.featureSet !== 'basic' && client.supports(VAULTS_SINCE);
}

function textOf(vault: Vault): VaultText {
  return { name: vault.description || vault.id || 'without a name', text: vault.data ?? '' };
}
