import type { Vault } from '../api/users.js';
import type { Config } from '../config/config.js';
import { applySections } from '../config/sections/apply-sections.js';
import { applyVaults, type VaultText } from '../config/vaults.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Connection } from './connect.js';

export interface EffectiveOptions {
  config: Config;
  home: string;
  connection: Connection;
  logger: AgentLogger;
}

/** Vaults came with this version of the API, and never to the open-source server. */
const VAULTS_SINCE = '2.15';

/**
 * The configuration that tasks are run with: the server's vaults laid in, and what the sections `environment`
 * and `files` ask for carried out.
 */
export async function effectiveConfig(options: EffectiveOptions): Promise<Config> {
  const { config, home, logger } = options;
  const withVaults = await loadVaults(options);
  return applySections(withVaults ?? config, { home, say: (line) => logger.info(line) });
}

async function loadVaults({ config, connection, logger }: EffectiveOptions): Promise<Config | undefined> {
  const { client, users } = connection;
  if (config.flag('CLEARML_AGENT_DISABLE_VAULT_SUPPORT')) return undefined;
  if (client.claims.featureSet === 'basic' || !client.supports(VAULTS_SINCE)) return undefined;
  const [own, monitoring] = await Promise.all([users.getVaults(), users.getVaults(['monitoring'])]);
  const applied = applyVaults(config, own.map(textOf), monitoring.map(textOf));
  for (const warning of applied.warnings) logger.warn(warning);
  return applied.config;
}

function textOf(vault: Vault): VaultText {
  return { name: vault.description || vault.id || 'without a name', text: vault.data ?? '' };
}
