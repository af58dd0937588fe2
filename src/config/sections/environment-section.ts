import type { Config } from '../config.js';
import { joinKey } from '../tree.js';
import { sectionEntries, textOf } from './section-entries.js';

/**
 * The variables of the section `environment`, by their names; none when `agent.apply_environment` is off.
 *
 * @throws AgentError CONFIG_VALUE when the section is no section
 */
export function configuredEnvironment(config: Config): Record<string, string> {
  if (!config.agent.applyEnvironment) return {};
  return Object.fromEntries(
    sectionEntries(config, 'environment').map(([name, value]) => {
      const written = config.claims(joinKey(['environment', name]))[0]?.written;
      return [name, textOf(value, written)];
    }),
  );
}
